"""Names and addresses of the demo's customers. All people are invented; the addresses end in example.com."""

from datetime import date

FIRST_NAMES = (
    (
        "Björn", "Dieter", "Fritz", "Günther", "Jürgen", "Lukas", "Noah", "Paul", "Stefan", "Tobias", "Viktor",
        "Walter", "Emre", "Søren", "José", "Jan", "Henning", "Malte", "Uwe", "Hauke",
    ),
    (
        "Anna", "Claudia", "Eva", "Hannah", "Ingrid", "Karin", "Mia", "Olga", "Renate", "Ursula", "Yasmin", "Zoë",
        "Élodie", "Frauke", "Wiebke", "Antje", "Meike", "Sabine", "Heike", "Greta",
    ),
)  # fmt: skip
"""Of men, of women."""
LAST_NAMES = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann",
    "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun",
    "Krüger", "Hofmann", "Hartmann", "Lange", "Krause", "Lehmann", "Weiß", "Groß", "Özdemir", "Petersen", "Jansen",
    "Hansen", "Carstensen", "Thomsen", "Claasen", "Brodersen",
)  # fmt: skip
CITIES = (
    ("20095", "Hamburg"), ("22765", "Hamburg"), ("28195", "Bremen"), ("28203", "Bremen"), ("23552", "Lübeck"),
    ("24103", "Kiel"), ("24937", "Flensburg"), ("80331", "München"), ("90402", "Nürnberg"), ("01067", "Dresden"),
    ("27568", "Bremerhaven"), ("21335", "Lüneburg"),
)  # fmt: skip
STREETS = (
    "Hauptstraße", "Bahnhofstraße", "Gartenweg", "Am Markt", "Lindenallee", "Schulstraße", "Königstraße",
    "Mühlenweg", "Deichstraße",
)  # fmt: skip

SPECIAL: tuple[dict[str, object], ...] = (
    {"salutation": "Frau", "first_name": "Ayşe", "last_name": "Yılmaz", "language": "tr", "tags": ["VIP"],
     "former_numbers": ["K-1007"]},
    {"salutation": "Herr", "first_name": "Łukasz", "last_name": "Wiśniewski", "language": "pl"},
    {"first_name": "Văn An", "last_name": "Nguyễn", "email": "an.nguyen@example.com"},
    {"salutation": "Frau", "first_name": "Siobhán", "last_name": "O'Neill", "language": "en", "is_favourite": True},
    {"first_name": "Odette", "memo": "Stellt sich nur mit Vornamen vor."},
    {"alias": "Der Kapitän", "tags": ["Vorbesteller"]},
    {
        "company": "Reederei Petersen GmbH & Co. KG", "vat_id": "DE136695976", "phone_business": "+49403000001",
        "email": "einkauf@reederei.example.com", "former_numbers": ["10001", "D-88213"],
        "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
        "payment_method": "direct_debit", "payment_term": 30, "credit_limit": 5000,
    },
    # Three pairs that the duplicate warning finds: by e-mail, by phone, by name and postal code.
    {"first_name": "Katharina", "last_name": "Voß", "email": "k.voss@example.com"},
    {"first_name": "Katarina", "last_name": "Voss", "email": "k.voss@example.com"},
    {"first_name": "Thomas", "last_name": "Meier", "mobile": "+491715550101"},
    {"first_name": "Tom", "last_name": "Meyer", "mobile": "+491715550101"},
    {"first_name": "Ilse", "last_name": "Brandt", "postal_code": "20457", "birthday": date(1951, 4, 3)},
    {"first_name": "Ilse", "last_name": "Brandt", "postal_code": "20457", "phone_private": "+49407770001"},
)  # fmt: skip
