"""Words, facts and templates from which `make_sample.py` builds the demo's records.

All of it was written for this project; the facts (elements, capitals) are common knowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A word problem in two languages. `x` and `y` are computed by `solve(a, b, c)`."""

    en: str
    de: str
    steps_en: str
    steps_de: str
    solve: Callable[[int, int, int], tuple[int, int]]


# Names and numbers break each sentence up, so that few problems of one template share a long
# run of words; `make_sample.py` draws again where they do.
PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "{n} has {a} baskets. Each basket holds {b} {g}. {n} gives away {c} {g}. "
        "How many {g} does {n} keep?",
        "{n} hat {a} Körbe. In jedem Korb liegen {b} {h}. {n} verschenkt {c} {h}. "
        "Wie viele {h} behält {n}?",
        "The baskets hold {a} * {b} = {x} {g}. After the gift, {x} - {c} = {y} remain.",
        "In den Körben liegen {a} * {b} = {x} {h}. Danach bleiben {x} - {c} = {y}.",
        lambda a, b, c: (a * b, a * b - c),
    ),
    Problem(
        "The ferry of {n} carries {a} passengers a trip and makes {b} trips on Sunday. "
        "{c} passengers cancel. How many ride?",
        "Die Fähre von {n} befördert {a} Fahrgäste je Fahrt und fährt am Sonntag {b}-mal. "
        "{c} Fahrgäste sagen ab. Wie viele fahren mit?",
        "There is room for {a} * {b} = {x} passengers, and {x} - {c} = {y} come.",
        "Platz ist für {a} * {b} = {x} Fahrgäste, und {x} - {c} = {y} kommen.",
        lambda a, b, c: (a * b, a * b - c),
    ),
    Problem(
        "At the market {b} bags of {g} cost {a} cents each. Of 5 euros {n} pays for these "
        "and tips {c} cents. How many cents are left for {n}?",
        "Auf dem Markt kosten {b} Tüten {h} je {a} Cent. Von 5 Euro bezahlt {n} diese und "
        "gibt {c} Cent Trinkgeld. Wie viele Cent bleiben {n}?",
        "The bags cost {b} * {a} = {x} cents. 500 - {x} - {c} = {y} cents are left.",
        "Die Tüten kosten {b} * {a} = {x} Cent. Es bleiben 500 - {x} - {c} = {y} Cent.",
        lambda a, b, c: (a * b, 500 - a * b - c),
    ),
    Problem(
        "{n} reads {a} pages a day. After {b} days {c} pages are missing. How long is the "
        "book of {n} about {g}?",
        "{n} liest {a} Seiten am Tag. Nach {b} Tagen fehlen noch {c} Seiten. "
        "Wie lang ist das Buch über {h}?",
        "{n} has read {a} * {b} = {x} pages, so the book has {x} + {c} = {y}.",
        "{n} hat {a} * {b} = {x} Seiten gelesen, also hat das Buch {x} + {c} = {y}.",
        lambda a, b, c: (a * b, a * b + c),
    ),
    Problem(
        "{n} shares {x} {g} equally among {b} friends. Each friend then finds {c} more. "
        "How many {g} does a friend of {n} have now?",
        "{n} verteilt {x} {h} gleichmäßig an {b} Kinder. Jedes Kind findet noch {c} dazu. "
        "Wie viele {h} hat nun jedes Kind?",
        "Each friend gets {x} / {b} = {a} {g} and then has {a} + {c} = {y}.",
        "Jedes Kind bekommt {x} / {b} = {a} {h} und hat dann {a} + {c} = {y}.",
        lambda a, b, c: (a * b, a + c),
    ),
    Problem(
        "A hall has {b} rows of {a} seats. For the concert {n} carries in {c} chairs. "
        "How many people can sit?",
        "Ein Saal hat {b} Reihen mit je {a} Plätzen. Für das Konzert bringt {n} {c} Stühle. "
        "Wie viele Menschen können sitzen?",
        "The rows seat {b} * {a} = {x} people, and with the chairs {x} + {c} = {y}.",
        "In den Reihen sitzen {b} * {a} = {x} Menschen, mit den Stühlen {x} + {c} = {y}.",
        lambda a, b, c: (a * b, a * b + c),
    ),
    Problem(
        "A sack of {g} weighs {a} kilograms. {n} loads {b} sacks on a cart of {c} kilograms. "
        "How heavy is the cart of {n} now?",
        "Ein Sack {h} wiegt {a} Kilogramm. {n} lädt {b} Säcke auf einen Karren von {c} "
        "Kilogramm. Wie schwer ist der Karren von {n} nun?",
        "The sacks weigh {b} * {a} = {x} kilograms; with the cart it is {x} + {c} = {y}.",
        "Die Säcke wiegen {b} * {a} = {x} Kilogramm; mit dem Karren sind es {x} + {c} = {y}.",
        lambda a, b, c: (a * b, a * b + c),
    ),
    Problem(
        "{n} plants {b} rows of {a} tulips. Rabbits eat {c} tulips in each row. "
        "How many tulips does {n} find in the morning?",
        "{n} pflanzt {b} Reihen mit je {a} Tulpen. Hasen fressen in jeder Reihe {c} Tulpen. "
        "Wie viele Tulpen findet {n} am Morgen?",
        "Each row keeps {a} - {c} = {x} tulips, so {b} * {x} = {y} remain.",
        "In jeder Reihe bleiben {a} - {c} = {x} Tulpen, also {b} * {x} = {y}.",
        lambda a, b, c: (a - c, b * (a - c)),
    ),
    Problem(
        "{n} walks {a} minutes to the harbour and {a} back, {b} times a week. How long "
        "does {n} walk in {c} weeks?",
        "{n} geht {a} Minuten zum Hafen und {a} zurück, und das {b}-mal in der Woche. "
        "Wie lange geht {n} in {c} Wochen?",
        "A week has 2 * {a} * {b} = {x} minutes, so it is {x} * {c} = {y}.",
        "Eine Woche hat 2 * {a} * {b} = {x} Minuten, also sind es {x} * {c} = {y}.",
        lambda a, b, c: (2 * a * b, 2 * a * b * c),
    ),
    Problem(
        "For {b} months {n} saves {a} euros a month. Then {n} spends {c} euros on {g}. "
        "How many euros are still there?",
        "{n} spart {b} Monate lang je {a} Euro. Dann gibt {n} {c} Euro für {h} aus. "
        "Wie viele Euro sind noch da?",
        "{n} saves {b} * {a} = {x} euros and still has {x} - {c} = {y}.",
        "{n} spart {b} * {a} = {x} Euro und hat noch {x} - {c} = {y}.",
        lambda a, b, c: (a * b, a * b - c),
    ),
    Problem(
        "A press prints {a} cards a minute. {n} runs it for {b} minutes before lunch and for "
        "{c} minutes after. How many cards are printed?",
        "Eine Presse druckt {a} Karten in der Minute. {n} lässt sie vor dem Essen {b} Minuten "
        "laufen und danach {c} Minuten. Wie viele Karten werden gedruckt?",
        "The press runs {b} + {c} = {x} minutes and prints {a} * {x} = {y} cards.",
        "Die Presse läuft {b} + {c} = {x} Minuten und druckt {a} * {x} = {y} Karten.",
        lambda a, b, c: (b + c, a * (b + c)),
    ),
)

NAMES = (
    "Mara", "Jonas", "Ines", "Tomas", "Lena", "Emil", "Nadia", "Oskar",
    "Priya", "Samir", "Greta", "Hugo", "Yuki", "Leon", "Alma", "Rui",
)  # fmt: skip
GOODS = (
    ("apples", "Äpfel"), ("lemons", "Zitronen"), ("shells", "Muscheln"),
    ("buttons", "Knöpfe"), ("stamps", "Briefmarken"), ("candles", "Kerzen"),
    ("postcards", "Postkarten"), ("marbles", "Murmeln"), ("walnuts", "Walnüsse"),
)  # fmt: skip

# In order of atomic number, from 1.
_ELEMENTS = """
hydrogen H, helium He, lithium Li, beryllium Be, boron B, carbon C, nitrogen N, oxygen O,
fluorine F, neon Ne, sodium Na, magnesium Mg, aluminium Al, silicon Si, phosphorus P, sulfur S,
chlorine Cl, argon Ar, potassium K, calcium Ca, scandium Sc, titanium Ti, vanadium V, chromium
Cr, manganese Mn, iron Fe, cobalt Co, nickel Ni, copper Cu, zinc Zn, gallium Ga, germanium Ge,
arsenic As, selenium Se, bromine Br, krypton Kr, rubidium Rb, strontium Sr, yttrium Y, zirconium
Zr, niobium Nb, molybdenum Mo
"""
ELEMENTS = [entry.split() for entry in _ELEMENTS.split(",")]

# Country, capital, a language most people there speak, continent.
COUNTRIES = (
    ("France", "Paris", "French", "Europe"), ("Japan", "Tokyo", "Japanese", "Asia"),
    ("Brazil", "Brasília", "Portuguese", "South America"), ("Poland", "Warsaw", "Polish", "Europe"),
    ("Greece", "Athens", "Greek", "Europe"), ("Thailand", "Bangkok", "Thai", "Asia"),
    ("Peru", "Lima", "Spanish", "South America"), ("Hungary", "Budapest", "Hungarian", "Europe"),
    ("Iceland", "Reykjavík", "Icelandic", "Europe"), ("Mongolia", "Ulaanbaatar", "Mongolian",
    "Asia"), ("Portugal", "Lisbon", "Portuguese", "Europe"), ("Egypt", "Cairo", "Arabic", "Africa"),
    ("Vietnam", "Hanoi", "Vietnamese", "Asia"), ("Denmark", "Copenhagen", "Danish", "Europe"),
    ("Chile", "Santiago", "Spanish", "South America"), ("Norway", "Oslo", "Norwegian", "Europe"),
    ("Morocco", "Rabat", "Arabic", "Africa"), ("Italy", "Rome", "Italian", "Europe"),
    ("Austria", "Vienna", "German", "Europe"), ("Cambodia", "Phnom Penh", "Khmer", "Asia"),
    ("Romania", "Bucharest", "Romanian", "Europe"), ("Cuba", "Havana", "Spanish", "North America"),
    ("Bulgaria", "Sofia", "Bulgarian", "Europe"), ("Angola", "Luanda", "Portuguese", "Africa"),
    ("Nepal", "Kathmandu", "Nepali", "Asia"),
)  # fmt: skip

POLYGONS = ("triangle", "quadrilateral", "pentagon", "hexagon", "heptagon", "octagon")
MONTHS = (
    ("January", 31), ("March", 31), ("April", 30), ("May", 31), ("June", 30), ("July", 31),
    ("August", 31), ("September", 30), ("October", 31), ("November", 30), ("December", 31),
)  # fmt: skip
PLANETS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")

# Term | what it is | an example: passages in the manner of a school textbook.
_TOPICS = """
inertia | the tendency of a body to keep its state of motion |
a passenger leans forward when the bus brakes

friction | a force between surfaces that opposes their sliding |
a box on a carpet stops sooner than one on ice

buoyancy | the upward push of a fluid on a body in it |
a log floats although it is heavy

refraction | the bending of light where it enters another medium |
a spoon in a glass of water looks broken

resonance | the growth of a swing that is pushed at its own rhythm |
a child on a swing goes higher with well-timed pushes

conduction | the passing on of heat through a material at rest |
the handle of an iron pan gets hot

convection | the transport of heat by a moving fluid |
warm air rises above a radiator

osmosis | the passage of water through a membrane towards the saltier side |
salted cucumbers give off water

photosynthesis | the making of sugar from light, water and carbon dioxide |
a leaf in the sun gives off oxygen

fermentation | the breakdown of sugar without oxygen |
yeast makes bread dough rise

diffusion | the spreading of particles from where they are many |
the smell of coffee fills a room

erosion | the wearing away of land by water, wind or ice |
a river cuts a valley into rock

evaporation | the change of a liquid to vapour below its boiling point |
a puddle dries on a windy day

condensation | the change of vapour to liquid on cooling |
drops form on a cold bottle

symbiosis | a close and lasting life of two species together |
clownfish live among sea anemones

migration | the seasonal journey of animals between two regions |
storks fly south before winter

inflation | a general rise of prices over time |
the same basket of food costs more each year

scarcity | the lack of means to meet all wants |
an hour spent fishing can't be spent baking

supply | the amount that sellers offer at each price |
more farmers plant wheat when it is dear

demand | the amount that buyers want at each price |
fewer people buy umbrellas when they cost more

magnetism | the force that some metals exert on one another |
a compass needle turns to the north

gravity | the attraction between bodies that have mass |
a dropped cup falls to the floor

momentum | the product of the mass and the velocity of a body |
a slow train is harder to stop than a fast ball

adaptation | a trait that helps a species to live where it lives |
a cactus stores water in its stem
"""
TOPICS = [entry.replace("|\n", "| ").split(" | ") for entry in _TOPICS.strip().split("\n\n")]

SHOPS = (
    "bakery", "bicycle repair shop", "bookshop", "fishmonger", "tailor", "flower shop",
    "hardware store", "tea room", "record shop", "library", "swimming pool", "post office",
)  # fmt: skip
STREETS = (
    "Lantern Street", "Mill Lane", "Harbour Road", "Chapel Hill", "Orchard Way",
    "Station Square", "Weaver Street", "North Quay",
)  # fmt: skip
EXTRAS = (
    "Parking is free behind the building.", "Dogs may wait at the door.",
    "Children pay half.", "Please bring cash.", "The last Monday of a month is stocktaking.",
    "A ramp leads to the side door.", "Orders by phone are welcome.",
)  # fmt: skip
