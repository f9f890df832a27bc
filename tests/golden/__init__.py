"""Twenty synthetic replies, written by hand with known faults, and what the gates make of them."""
