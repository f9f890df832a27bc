"""Documents, requests, messages, outcomes and views: data and its rules, no input or output."""
