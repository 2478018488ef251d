"""Plain facts that every speaker knows, as questions and one-sentence answers in English and French."""

from __future__ import annotations

from collections.abc import Iterator

from pleiade.lab.dialogues.conversation import Conversation, exchange

# English name, capital; French name with its article after "de", capital.
CAPITALS = (
    ("France", "Paris", "la France", "Paris"),
    ("Germany", "Berlin", "l'Allemagne", "Berlin"),
    ("Italy", "Rome", "l'Italie", "Rome"),
    ("Spain", "Madrid", "l'Espagne", "Madrid"),
    ("Portugal", "Lisbon", "le Portugal", "Lisbonne"),
    ("England", "London", "l'Angleterre", "Londres"),
    ("the United Kingdom", "London", "le Royaume-Uni", "Londres"),
    ("Ireland", "Dublin", "l'Irlande", "Dublin"),
    ("Belgium", "Brussels", "la Belgique", "Bruxelles"),
    ("Switzerland", "Bern", "la Suisse", "Berne"),
    ("Austria", "Vienna", "l'Autriche", "Vienne"),
    ("the Netherlands", "Amsterdam", "les Pays-Bas", "Amsterdam"),
    ("Denmark", "Copenhagen", "le Danemark", "Copenhague"),
    ("Sweden", "Stockholm", "la Suède", "Stockholm"),
    ("Norway", "Oslo", "la Norvège", "Oslo"),
    ("Finland", "Helsinki", "la Finlande", "Helsinki"),
    ("Poland", "Warsaw", "la Pologne", "Varsovie"),
    ("Greece", "Athens", "la Grèce", "Athènes"),
    ("Turkey", "Ankara", "la Turquie", "Ankara"),
    ("Russia", "Moscow", "la Russie", "Moscou"),
    ("Ukraine", "Kyiv", "l'Ukraine", "Kyiv"),
    ("Hungary", "Budapest", "la Hongrie", "Budapest"),
    ("Romania", "Bucharest", "la Roumanie", "Bucarest"),
    ("Egypt", "Cairo", "l'Égypte", "Le Caire"),
    ("Morocco", "Rabat", "le Maroc", "Rabat"),
    ("Algeria", "Algiers", "l'Algérie", "Alger"),
    ("Tunisia", "Tunis", "la Tunisie", "Tunis"),
    ("Senegal", "Dakar", "le Sénégal", "Dakar"),
    ("Kenya", "Nairobi", "le Kenya", "Nairobi"),
    ("Japan", "Tokyo", "le Japon", "Tokyo"),
    ("China", "Beijing", "la Chine", "Pékin"),
    ("India", "New Delhi", "l'Inde", "New Delhi"),
    ("South Korea", "Seoul", "la Corée du Sud", "Séoul"),
    ("Thailand", "Bangkok", "la Thaïlande", "Bangkok"),
    ("Vietnam", "Hanoi", "le Viêt Nam", "Hanoï"),
    ("Australia", "Canberra", "l'Australie", "Canberra"),
    ("Canada", "Ottawa", "le Canada", "Ottawa"),
    ("the United States", "Washington", "les États-Unis", "Washington"),
    ("Mexico", "Mexico City", "le Mexique", "Mexico"),
    ("Brazil", "Brasília", "le Brésil", "Brasilia"),
    ("Argentina", "Buenos Aires", "l'Argentine", "Buenos Aires"),
    ("Chile", "Santiago", "le Chili", "Santiago"),
    ("Peru", "Lima", "le Pérou", "Lima"),
    ("Cuba", "Havana", "Cuba", "La Havane"),
    ("Iran", "Tehran", "l'Iran", "Téhéran"),
    ("Israel", "Jerusalem", "Israël", "Jérusalem"),
)
OPPOSITES = (
    ("hot", "cold", "chaud", "froid"),
    ("big", "small", "grand", "petit"),
    ("day", "night", "le jour", "la nuit"),
    ("black", "white", "noir", "blanc"),
    ("good", "bad", "bon", "mauvais"),
    ("fast", "slow", "rapide", "lent"),
    ("high", "low", "haut", "bas"),
    ("young", "old", "jeune", "vieux"),
    ("rich", "poor", "riche", "pauvre"),
    ("happy", "sad", "heureux", "triste"),
    ("open", "closed", "ouvert", "fermé"),
    ("light", "dark", "clair", "sombre"),
    ("strong", "weak", "fort", "faible"),
    ("near", "far", "près", "loin"),
    ("war", "peace", "la guerre", "la paix"),
    ("life", "death", "la vie", "la mort"),
    ("true", "false", "vrai", "faux"),
    ("full", "empty", "plein", "vide"),
)
KNOWN = (
    ("What colour is the sky?", "The sky is blue.", "De quelle couleur est le ciel ?", "Le ciel est bleu."),
    ("What colour is grass?", "Grass is green.", "De quelle couleur est l'herbe ?", "L'herbe est verte."),
    ("What colour is snow?", "Snow is white.", "De quelle couleur est la neige ?", "La neige est blanche."),
    ("What colour is blood?", "Blood is red.", "De quelle couleur est le sang ?", "Le sang est rouge."),
    (
        "How many days are there in a week?",
        "There are seven days in a week.",
        "Combien y a-t-il de jours dans une semaine ?",
        "Il y a sept jours dans une semaine.",
    ),
    (
        "How many months are there in a year?",
        "There are twelve months in a year.",
        "Combien y a-t-il de mois dans une année ?",
        "Il y a douze mois dans une année.",
    ),
    (
        "How many hours are there in a day?",
        "There are twenty-four hours in a day.",
        "Combien y a-t-il d'heures dans une journée ?",
        "Il y a vingt-quatre heures dans une journée.",
    ),
    (
        "How many minutes are there in an hour?",
        "There are sixty minutes in an hour.",
        "Combien y a-t-il de minutes dans une heure ?",
        "Il y a soixante minutes dans une heure.",
    ),
    (
        "How many legs does a dog have?",
        "A dog has four legs.",
        "Combien de pattes a un chien ?",
        "Un chien a quatre pattes.",
    ),
    (
        "How many legs does a spider have?",
        "A spider has eight legs.",
        "Combien de pattes a une araignée ?",
        "Une araignée a huit pattes.",
    ),
    (
        "What is a cat?",
        "A cat is a small animal with fur that lives with people and catches mice.",
        "Qu'est-ce qu'un chat ?",
        "Un chat est un petit animal à fourrure qui vit avec les hommes et attrape les souris.",
    ),
    (
        "What is a dog?",
        "A dog is an animal that lives with people, guards the house and likes to play.",
        "Qu'est-ce qu'un chien ?",
        "Un chien est un animal qui vit avec les hommes, garde la maison et aime jouer.",
    ),
    (
        "What is a bird?",
        "A bird is an animal with feathers and two wings that lays eggs.",
        "Qu'est-ce qu'un oiseau ?",
        "Un oiseau est un animal qui a des plumes et deux ailes et qui pond des œufs.",
    ),
    (
        "What is a tree?",
        "A tree is a tall plant with a trunk, branches and leaves.",
        "Qu'est-ce qu'un arbre ?",
        "Un arbre est une grande plante qui a un tronc, des branches et des feuilles.",
    ),
    (
        "What is a book?",
        "A book is a set of pages bound together that people read.",
        "Qu'est-ce qu'un livre ?",
        "Un livre est un ensemble de pages reliées que l'on lit.",
    ),
    (
        "What is water?",
        "Water is a clear liquid that all living things need. It falls as rain and fills the sea.",
        "Qu'est-ce que l'eau ?",
        "L'eau est un liquide clair dont tous les êtres vivants ont besoin. Elle tombe en pluie.",
    ),
    (
        "What is the sun?",
        "The Sun is the star at the centre of the Solar System. It gives light and heat to the Earth.",
        "Qu'est-ce que le soleil ?",
        "Le Soleil est l'étoile au centre du système solaire. Il éclaire et chauffe la Terre.",
    ),
    (
        "What is the moon?",
        "The Moon is the natural satellite of the Earth. It turns around the Earth in about a month.",
        "Qu'est-ce que la lune ?",
        "La Lune est le satellite naturel de la Terre. Elle en fait le tour en un mois environ.",
    ),
    (
        "What is a computer?",
        "A computer is a machine that works with information by following a program.",
        "Qu'est-ce qu'un ordinateur ?",
        "Un ordinateur est une machine qui traite de l'information en suivant un programme.",
    ),
    (
        "What is a language model?",
        "A language model is a program that has read many texts and has learned which word comes next.",
        "Qu'est-ce qu'un modèle de langue ?",
        "Un modèle de langue est un programme qui a lu beaucoup de textes et a appris quel mot vient ensuite.",
    ),
    (
        "What is music?",
        "Music is the art of arranging sounds and silence in time.",
        "Qu'est-ce que la musique ?",
        "La musique est l'art d'arranger les sons et les silences dans le temps.",
    ),
    (
        "What is history?",
        "History is the study of the past, of what people did and of how they lived.",
        "Qu'est-ce que l'histoire ?",
        "L'histoire est l'étude du passé, de ce que les hommes ont fait et de leur vie.",
    ),
    (
        "What is a law?",
        "A law is a rule made by a state that everyone has to follow.",
        "Qu'est-ce qu'une loi ?",
        "Une loi est une règle faite par un État que chacun doit suivre.",
    ),
    (
        "What is a city?",
        "A city is a large place where many people live and work.",
        "Qu'est-ce qu'une ville ?",
        "Une ville est un lieu où beaucoup de gens vivent et travaillent.",
    ),
    (
        "What is a river?",
        "A river is a stream of water that flows through the land to the sea or to a lake.",
        "Qu'est-ce qu'un fleuve ?",
        "Un fleuve est un cours d'eau qui traverse les terres et se jette dans la mer.",
    ),
    (
        "What is a mountain?",
        "A mountain is a high part of the land with steep sides.",
        "Qu'est-ce qu'une montagne ?",
        "Une montagne est une partie élevée du sol aux pentes raides.",
    ),
    (
        "What is the capital of the world?",
        "The world has no capital. Every country has its own.",
        "Quelle est la capitale du monde ?",
        "Le monde n'a pas de capitale. Chaque pays a la sienne.",
    ),
    (
        "What is the biggest planet?",
        "Jupiter is the biggest planet of the Solar System.",
        "Quelle est la plus grande planète ?",
        "Jupiter est la plus grande planète du système solaire.",
    ),
    (
        "Who wrote Hamlet?",
        "Hamlet was written by William Shakespeare.",
        "Qui a écrit Hamlet ?",
        "Hamlet a été écrit par William Shakespeare.",
    ),
    (
        "Who wrote Les Misérables?",
        "Les Misérables was written by Victor Hugo.",
        "Qui a écrit Les Misérables ?",
        "Les Misérables a été écrit par Victor Hugo.",
    ),
    (
        "Who was Napoleon?",
        "Napoleon was a French general who became Emperor of the French in 1804.",
        "Qui était Napoléon ?",
        "Napoléon était un général français qui devint empereur des Français en 1804.",
    ),
    (
        "Who was Charles Darwin?",
        "Charles Darwin was an English naturalist known for the theory of evolution.",
        "Qui était Charles Darwin ?",
        "Charles Darwin était un naturaliste anglais connu pour la théorie de l'évolution.",
    ),
    (
        "Name the seasons.",
        "The four seasons are spring, summer, autumn and winter.",
        "Quelles sont les saisons ?",
        "Les quatre saisons sont le printemps, l'été, l'automne et l'hiver.",
    ),
    (
        "Name three colours.",
        "Three colours are red, blue and green.",
        "Cite trois couleurs.",
        "Trois couleurs sont le rouge, le bleu et le vert.",
    ),
    (
        "Name three fruits.",
        "Three fruits are the apple, the orange and the pear.",
        "Cite trois fruits.",
        "Trois fruits sont la pomme, l'orange et la poire.",
    ),
    (
        "Name three animals.",
        "Three animals are the dog, the cat and the horse.",
        "Cite trois animaux.",
        "Trois animaux sont le chien, le chat et le cheval.",
    ),
)


def fact_conversations() -> Iterator[Conversation]:
    """Capitals, opposites, small sums and what a child knows, in both languages."""
    for english, capital, french, capitale in CAPITALS:
        for ask in ("What is the capital of {}?", "Which city is the capital of {}?", "capital of {}"):
            yield exchange(ask.format(english), f"The capital of {english} is {capital}.", "facts")
        of_country = _with_de(french)
        for ask in ("Quelle est la capitale {} ?", "Quelle ville est la capitale {} ?", "capitale {}"):
            yield exchange(ask.format(of_country), f"La capitale {of_country} est {capitale}.", "facts")
    for word, opposite, mot, contraire in OPPOSITES:
        for first, second in ((word, opposite), (opposite, word)):
            yield exchange(f"What is the opposite of {first}?", f"The opposite of {first} is {second}.", "facts")
        for first, second in ((mot, contraire), (contraire, mot)):
            answer = f"Le contraire de « {first} » est « {second} »."
            yield exchange(f"Quel est le contraire de « {first} » ?", answer, "facts")
    for question, answer, question_fr, answer_fr in KNOWN:
        yield exchange(question, answer, "facts")
        yield exchange(question_fr, answer_fr, "facts")
    for a in range(10):
        for b in range(10):
            yield exchange(f"What is {a} + {b}?", f"{a} + {b} = {a + b}.", "sums")
            yield exchange(f"Combien font {a} + {b} ?", f"{a} + {b} = {a + b}.", "sums")


def _with_de(name: str) -> str:
    """The French name after "de": la France → de la France, le Japon → du Japon, les Pays-Bas → des Pays-Bas."""
    if name.startswith("le "):
        return "du " + name[3:]
    if name.startswith("les "):
        return "des " + name[4:]
    if name.startswith(("la ", "l'")):
        return "de " + name
    return ("d'" if name[0] in "AEIOUÉ" else "de ") + name
