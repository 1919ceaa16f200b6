"""What is sent to be taken in: packages and lists of withdrawals, on their way through the worker."""
