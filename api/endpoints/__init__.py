"""What can be asked: each a few lines that call one operation."""
