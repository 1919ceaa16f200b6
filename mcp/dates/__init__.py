"""How English shows and takes dates here: as Europe does, the day first."""
