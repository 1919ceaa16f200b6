"""`make bench`: a million customers, ten thousand locations, and the same pages as a stock Django admin beside ours."""
