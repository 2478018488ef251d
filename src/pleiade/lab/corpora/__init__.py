"""From sources that a recipe names to a clean corpus: normalised, tagged, without copies and evaluation text, licensed.

It does not know the tokenizer, the model, or how rows are packed.
"""
