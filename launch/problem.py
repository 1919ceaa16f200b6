"""The exception that stops the start with one sentence for the person at the terminal."""


class CannotStart(SystemExit):
    """Ends the program with exit code 1 and the sentence on stderr, without a traceback."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
