"""Language models: the chat adapter, the reading of replies, the call ledger and the provider chain.

`structured.ask` is the way in: it puts one prompt to one provider and returns a validated answer or why
there is none.
"""
