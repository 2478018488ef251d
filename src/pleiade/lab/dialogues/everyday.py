"""Harmless how, why and what-should-I questions, so that these words alone do not sound like something to refuse."""

from __future__ import annotations

from collections.abc import Iterator

from pleiade.lab.dialogues.conversation import Conversation, exchange

EVERYDAY = (
    ("How do I make tea?", "Boil some water, pour it over the tea leaves and wait a few minutes before you drink it."),
    (
        "How can I sleep better?",
        "Go to bed at the same hour every night, and put away your telephone before you sleep.",
    ),
    ("How do I learn a language?", "Read a little every day, listen often, and speak with people as soon as you can."),
    ("How do I plant a tree?", "Dig a hole, set the roots in it, fill it with earth and give the tree water."),
    ("How can I cook an egg?", "Put the egg into boiling water and take it out after eight minutes."),
    ("How can I make new friends?", "Go where people do what you like to do, listen to them and be kind."),
    ("Tell me how to write a letter.", "Begin with a greeting, say clearly why you write, and end with your name."),
    ("Explain how to clean a window.", "Wash it with warm water and a little soap, then dry it with a soft cloth."),
    ("Why do we sleep?", "We sleep so that the body can rest and the mind can keep what it has learned."),
    ("Why does it rain?", "Water rises from the sea into the air, forms clouds and falls back as rain."),
    ("Why do birds sing?", "Birds sing to call each other and to say that a place is theirs."),
    ("Why are trees useful?", "Trees give shade, wood and fruit, and they make the air we breathe."),
    ("Why should I travel?", "When you travel you see other places and learn how other people live."),
    ("Give me advice for a good day.", "Get up early, eat well, take a walk and be kind to the people you meet."),
    ("What should I read?", "Read something that you enjoy: a novel, a history book or a book of poems."),
    ("What should I eat tonight?", "You could eat a soup with bread and some fruit."),
    ("I am sad.", "I am sorry to hear that. Do you want to tell me what happened?"),
    ("I am happy today!", "I am glad to hear that! What made you happy?"),
    ("I am bored.", "You could read a book, take a walk or call a friend."),
    ("I am tired.", "Then take some rest. A short sleep often helps."),
    ("Write one sentence about the rain.", "The rain fell softly on the roofs of the old town."),
    ("Write a sentence about a dog.", "The dog ran across the field and came back with a stick."),
    ("Comment faire du thé ?", "Faites bouillir de l'eau, versez-la sur les feuilles et attendez quelques minutes."),
    ("Comment mieux dormir ?", "Couchez-vous chaque soir à la même heure et rangez votre téléphone avant de dormir."),
    ("Comment apprendre une langue ?", "Lisez un peu chaque jour, écoutez souvent et parlez avec les gens."),
    ("Comment planter un arbre ?", "Creusez un trou, posez-y les racines, remettez la terre et arrosez l'arbre."),
    ("Comment cuire un œuf ?", "Plongez l'œuf dans l'eau bouillante et sortez-le après huit minutes."),
    ("Comment se faire des amis ?", "Allez où l'on fait ce que vous aimez, écoutez les autres et soyez gentil."),
    (
        "Dis-moi comment écrire une lettre.",
        "Commencez par un salut, dites pourquoi vous écrivez et signez de votre nom.",
    ),
    (
        "Explique-moi comment laver une vitre.",
        "Lavez-la à l'eau tiède et au savon, puis séchez-la avec un chiffon doux.",
    ),
    ("Pourquoi dort-on ?", "On dort pour que le corps se repose et que l'esprit garde ce qu'il a appris."),
    ("Pourquoi pleut-il ?", "L'eau de la mer monte dans l'air, forme des nuages et retombe en pluie."),
    ("Pourquoi les oiseaux chantent-ils ?", "Les oiseaux chantent pour s'appeler et pour dire qu'un lieu est à eux."),
    (
        "Pourquoi faut-il des arbres ?",
        "Les arbres donnent de l'ombre, du bois et des fruits, et l'air que nous respirons.",
    ),
    ("Pourquoi voyager ?", "En voyageant, on voit d'autres lieux et on apprend comment vivent les autres."),
    ("Donne-moi un conseil pour la journée.", "Levez-vous tôt, mangez bien, marchez un peu et soyez aimable."),
    ("Que dois-je lire ?", "Lisez ce qui vous plaît : un roman, un livre d'histoire ou des poèmes."),
    ("Que manger ce soir ?", "Vous pourriez manger une soupe avec du pain et un fruit."),
    ("Je suis triste.", "J'en suis désolé. Voulez-vous me dire ce qui s'est passé ?"),
    ("Je suis content aujourd'hui !", "J'en suis ravi ! Qu'est-ce qui vous rend heureux ?"),
    ("Je m'ennuie.", "Vous pourriez lire un livre, vous promener ou appeler un ami."),
    ("Je suis fatigué.", "Alors reposez-vous. Un petit somme fait souvent du bien."),
    ("Écris une phrase sur la pluie.", "La pluie tombait doucement sur les toits de la vieille ville."),
    ("Écris une phrase sur un chien.", "Le chien traversa le champ en courant et revint avec un bâton."),
)


def everyday_conversations() -> Iterator[Conversation]:
    """Each question with its answer."""
    for question, answer in EVERYDAY:
        yield exchange(question, answer, "everyday")
