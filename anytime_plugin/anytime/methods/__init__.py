"""How a problem becomes the first prompt: `cot`, `pdp`, `pdp_plus`, `leap`, and those of plugins.

A method puts one text, its preface, before the question. All else, budgets, continuation and
scoring, is the same for all of them, so that their curves differ in the prompt alone.
"""
