"""What is done with a budget: a program for each mode, and running programs in lockstep."""
