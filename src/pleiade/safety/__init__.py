"""Safety: one taxonomy of harms, the classifier that scores texts by it, and the rules that a deployment filters by.

It reads texts and gives judgements; it knows no HTTP, no customer, no database and no torch.
"""
