"""Who may do what: keys with roles, tokens of viewers, limits, and the record of what admins did. It knows no HTTP."""
