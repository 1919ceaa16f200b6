"""What the node at a branch and the central speak. Values in, values out: no table, no network, no clock of its own.

messages       what both say: proof, hello, decide, their answers           stick          a cycle as a sealed file
receipts       the chain of what the central has answered                   decision       which version stands
parts          records, packed and numbered                                 records        one customer as he travels
keys           who signs, who may read; challenge, bearer token, lease      pairing_codes  known for the first time

Below them `field_kinds` and `consent_union` say how a customer's values and statements are written, `secret_hashes`
what is stored of a secret, `strict` and `canonical` how JSON is read and written.

One cycle, as the modules follow each other: `messages.Hello` says where the node stands. What has changed is written as
`records.CustomerRecord`, packed by `parts.pack` and announced in `messages.Decide`. The central asks
`decision.decide` for each customer, packs what the branch gets in return, and answers `messages.Decided`, which
`receipts.Receipt` chains to all answers before.

What comes from the other side is refused with a sentence (a ValidationError with a stable code) unless it is exactly
what was announced. A key that is not known here is left alone: the other program may be newer.
"""
