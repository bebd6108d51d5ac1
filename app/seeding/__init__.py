"""Into the house: read the seed files, check them, make the answers, and switch to the new release."""
