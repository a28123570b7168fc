"""The bank's second front: the "batch" family of protocols, over the same book and teller.

web       messages in, signed answers out          -> service
service   one message: header, then the order      -> orders (one at a time), batches, queries
orders    single orders, done by the first front's desk under this family's names
batches   a batch: receipt, legality, lines one by one; it may succeed in part
words     what became of an order, for answers, queries and notices
"""
