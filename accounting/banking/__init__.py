"""Bank files: statements are read, debit files are written, payments are proposed to open items.

Nothing here knows a table or a user. Values go in and come out as frozen dataclasses, so that whoever keeps them
decides where; what can go wrong is an exception with a sentence for whoever has chosen the file.

    reading.read_bank_file(file, name=…)      CAMT.053, a ZIP of it, or the CSV of a bank, as statements
    pain008.write_debit_file(…)               a file of direct debits for the bank
    matching.propose(entries, items)          which entry of a statement pays what
    return_reasons.reason_of(code)            why a debit came back, and whether its mandate is at an end
"""
