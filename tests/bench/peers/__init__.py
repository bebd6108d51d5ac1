"""The peers that need code: one file each, written as their own documentation teaches it."""
