"""The use cases, one file each; triggers and activities call these and nothing below them."""
