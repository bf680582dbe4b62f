"""Which law suits a target: `auto` goes by its support, and by likelihood where the support is ambiguous."""
