"""HTTP: it translates requests into questions and answers into responses; it decides nothing."""
