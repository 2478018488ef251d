"""What letters, headlines and familiar messages look like, in English and French: rows for a judge of register.

Written by the project: parts that combine to training rows, and rows written singly to test the judge with.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

REGISTERS = ("letter", "headline", "message")

CONTENTS = {
    "en": (
        "the library will be closed on Monday for repairs",
        "the train to the coast will leave an hour later",
        "the school has won the regional chess prize",
        "the price of bread will rise in March",
        "the bridge over the river is open again",
        "the meeting has been moved to Thursday morning",
        "the old cinema will become a theatre",
        "the water will be turned off tomorrow afternoon",
        "the museum has bought a painting of the harbour",
        "the football match was cancelled because of the snow",
    ),
    "fr": (
        "la bibliothèque sera fermée lundi pour travaux",
        "le train de la côte partira une heure plus tard",
        "l'école a gagné le prix régional d'échecs",
        "le prix du pain augmentera en mars",
        "le pont sur la rivière est rouvert",
        "la réunion est reportée à jeudi matin",
        "le vieux cinéma deviendra un théâtre",
        "l'eau sera coupée demain après-midi",
        "le musée a acheté un tableau du port",
        "le match de football a été annulé à cause de la neige",
    ),
}

ASK = {
    ("en", "letter"): "Write a short formal letter that says: {}.",
    ("en", "headline"): "Write a newspaper headline that says: {}.",
    ("en", "message"): "Write a short message to a close friend that says: {}.",
    ("fr", "letter"): "Écris une courte lettre officielle qui dit : {}.",
    ("fr", "headline"): "Écris un titre de journal qui dit : {}.",
    ("fr", "message"): "Écris un court message à un ami proche qui dit : {}.",
}

_SUBJECTS = {
    "en": ("the town hall", "our garden", "the new road", "the choir", "your order", "the exhibition", "the bakery"),
    "fr": ("la mairie", "notre jardin", "la nouvelle route", "la chorale", "votre commande", "l'exposition"),
}
_EVENTS = {
    "en": ("will open in May", "is late again", "has been sold", "needs more time", "will cost less this year"),
    "fr": ("ouvrira en mai", "est encore en retard", "a été vendue", "demande plus de temps", "coûtera moins cher"),
}
_LETTERS = {
    "en": (
        "Dear Sir or Madam,\n\nI am writing to inform you that {} {}.\n\nYours faithfully,",
        "Dear Mrs Hart,\n\nWe wish to let you know that {} {}. Thank you for your understanding.\n\nYours sincerely,",
        "To whom it may concern:\n\nPlease be advised that {} {}. We remain at your disposal.\n\nKind regards,",
        "Dear Dr Cole, We regret to announce that {} {}. Please accept our apologies. Respectfully yours,",
    ),
    "fr": (
        "Madame, Monsieur,\n\nJ'ai l'honneur de vous informer que {} {}.\n\nVeuillez agréer mes salutations.",
        "Madame,\n\nNous vous prions de bien vouloir noter que {} {}.\n\nAvec nos sentiments dévoués,",
        "Monsieur le Directeur, Nous avons le regret de vous annoncer que {} {}. Cordialement,",
        "Cher Monsieur, Par la présente, je vous fais savoir que {} {}. Je vous prie d'agréer mes respects.",
    ),
}
_MESSAGES = {
    "en": (
        "hey! guess what, {} {} lol",
        "Hi mate, just so you know {} {} :) see you soon x",
        "omg {} {}, can you believe it?? call me!",
        "hiya, btw {} {}, gonna tell you more tonight",
    ),
    "fr": (
        "coucou ! tu sais quoi, {} {} mdr",
        "Salut, au fait {} {} :) à plus, bises",
        "t'as vu ?? {} {}, j'y crois pas ! appelle-moi",
        "hé, juste pour te dire que {} {}, on se voit ce soir ?",
    ),
}
_HEADLINES = {
    "en": ("{} {}", "Breaking: {} {}", "{} {}, officials say", "Why {} {}"),
    "fr": ("{} {}", "Exclusif : {} {}", "{} {}, selon la préfecture", "Pourquoi {} {}"),
}
# Headlines leave words out, which parts do not show.
_SINGLE_HEADLINES = (
    "Council Approves New Budget After Long Debate",
    "Three Injured in Factory Fire",
    "Local Team Reaches Final for First Time Since 1982",
    "Rail Strike: What Travellers Need to Know",
    "Scientists Find Water Under Desert",
    "Bank Raises Rates Again",
    "Police Search for Missing Hiker",
    "Farmers Fear Worst Harvest in a Decade",
    "Fuel Tax Cut From January",
    "President to Visit Flooded Region",
    "Incendie dans une usine : trois blessés",
    "Grève des trains : à quoi s'attendre",
    "La ville adopte son nouveau budget",
    "Les agriculteurs craignent une mauvaise récolte",
    "Football : victoire de Lyon face à Nantes",
    "Le ministre de la Santé démissionne",
    "Hausse des prix : les ménages inquiets",
    "Un randonneur disparu retrouvé sain et sauf",
    "Le tunnel rouvert à la circulation",
    "Séisme au large du Japon, aucune victime",
)

TEST_ROWS = (
    (
        "letter",
        "Dear Mr Brown,\n\nThank you for your enquiry of 4 May. The rooms are free.\n\nYours sincerely,\nA. Smith",
    ),
    ("letter", "Dear Madam, It is with great pleasure that we invite you to the opening. Best regards, the committee"),
    ("letter", "Madame la Maire,\n\nPermettez-moi d'attirer votre attention sur la rue Haute.\n\nAvec mes respects,"),
    ("letter", "Monsieur,\n\nSuite à votre courrier, nous vous confirmons le rendez-vous.\n\nSincères salutations,"),
    ("headline", "Storm Leaves Thousands Without Power"),
    ("headline", "Mayor Promises Two Hundred New Homes by Spring"),
    ("headline", "Inondations : trois villages évacués"),
    ("headline", "Le gouvernement renonce à la réforme du bac"),
    ("message", "hey are you home yet? i left my keys at yours, sorry!!"),
    ("message", "Hi love, running late, start without me x"),
    ("message", "coucou ça va ? tu viens samedi ? bisous"),
    ("message", "Salut ! J'ai raté mon bus, j'arrive dans 10 min, désolé"),
)


def training_rows() -> Iterator[tuple[str, str]]:
    """(register, text), every combination of the parts."""
    for language, shapes in _LETTERS.items():
        for shape, subject, event in product(shapes, _SUBJECTS[language], _EVENTS[language]):
            yield "letter", shape.format(subject, event)
    for language, shapes in _MESSAGES.items():
        for shape, subject, event in product(shapes, _SUBJECTS[language], _EVENTS[language]):
            yield "message", shape.format(subject, event)
    for language, shapes in _HEADLINES.items():
        for shape, subject, event in product(shapes, _SUBJECTS[language], _EVENTS[language]):
            line = shape.format(subject, event)
            yield "headline", line.title() if language == "en" else line[:1].upper() + line[1:]
    for line in _SINGLE_HEADLINES * 5:
        yield "headline", line
