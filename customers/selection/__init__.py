"""Which customers somebody means: a value that the list, exports, bulk changes and saved filters ask in the same way.

criteria ──> selecting      by what one can narrow · the value, and the customers that it means
"""
