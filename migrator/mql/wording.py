"""The words in which queries are told, in English, German and French, and the names of tables and columns in them.

A name is what the organisation shows where the export has it, else the logical name. Two columns of a table never get
one name: a display name that two of them share, or that could be taken for another's, keeps the logical name beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from migrator.mql.schema import Schema

Title = Callable[[str], str]
"""The title of a segment, from the name that queries use for it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language. Braces are filled in."""

    language: str
    quotes: tuple[str, str]
    contacts: str
    records: str
    records_there: str
    segment: str
    interaction: str
    linked: str
    counting: str
    whose: Mapping[bool, str]
    and_whose: str
    which: Mapping[bool, str]
    """Before conditions in a line: of people (True), of another record (False)."""
    both: str
    both_and: str
    either: str
    either_or: str
    and_: str
    or_: str
    all_of: Mapping[bool, str]
    any_of: Mapping[bool, str]
    none_of: Mapping[bool, str]
    not_all_of: Mapping[bool, str]
    """Before a list: of people, of another record."""
    all_these: str
    any_these: str
    none_these: str
    not_all_these: str
    """A list inside a list."""
    on_the_way: str
    not_so: str
    empty: str
    filled: str
    yes: str
    no: str
    now: str
    value_of: str
    of_table: str
    of_alias: str
    column: str
    connected: str
    also_connected: str
    connected_none: str
    through: str
    optional: str
    a_record: str
    a_record_there: str
    record: str
    then: str
    comparisons: Mapping[str, str]
    moments: Mapping[str, str]
    matches: Mapping[str, str]
    sets: Mapping[str, str]
    in_order: str
    nested_sets: str
    paged: str
    ordered: str
    unordered: str
    descending: str
    skip: str
    take: str
    times: Mapping[str, str]
    time: str
    time_many: str
    aggregates: Mapping[str, str]
    window: str
    units: Mapping[str, tuple[str, str]]
    """Date part → one, many."""
    ago: str
    from_now: str
    before: str
    after: str
    plus: str
    difference: str
    columns: Mapping[str, str]
    tables: Mapping[str, tuple[str, str]]
    """Logical name → one of them, and the same behind *connected with*."""
    cut: str


_COMPARED = ("==", "!=", ">", ">=", "<", "<=")


def _ops(*words: str) -> dict[str, str]:
    return dict(zip(_COMPARED, words, strict=True))


def _units(*words: str) -> dict[str, tuple[str, str]]:
    parts = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
    pairs = [(one, many) for one, many in (word.split("/") for word in words)]
    return dict(zip(parts, pairs, strict=True))


ENGLISH = Wording(
    language="en",
    quotes=("“", "”"),
    contacts="contacts",
    records="records of {table}",
    records_there="the records that the way leads to",
    segment="the members of {title}",
    interaction="people with the interaction {kind}",
    linked=" (by {link})",
    counting=", counting those",
    whose={True: " whose ", False: " whose "},
    and_whose=" and whose ",
    which={True: " for whom ", False: " for which "},
    both="both ",
    both_and=" and ",
    either="either ",
    either_or=" or ",
    and_=" and ",
    or_=" or ",
    all_of={True: " for whom all of these hold:", False: " for which all of these hold:"},
    any_of={True: " for whom at least one of these holds:", False: " for which at least one of these holds:"},
    none_of={True: " for whom none of these holds:", False: " for which none of these holds:"},
    not_all_of={True: " for whom not all of these hold:", False: " for which not all of these hold:"},
    all_these="all of these:",
    any_these="at least one of these:",
    none_these="none of these:",
    not_all_these="not all of these:",
    on_the_way="asked on the way there:",
    not_so="it is not so that ({what})",
    empty="is empty",
    filled="is filled",
    yes="yes",
    no="no",
    now="now",
    value_of="the value of {column}",
    of_table="{column} of the {table}",
    of_alias="{column} of the alias {alias}",
    column="the column {name}",
    connected="connected with {what}",
    also_connected="which is connected with {what}",
    connected_none="not connected with {what}",
    through=" (through {way})",
    optional=", optional",
    a_record="a record of {table}",
    a_record_there="a record",
    record="record",
    then=", then ",
    comparisons=_ops("is", "is not", "is more than", "is at least", "is less than", "is at most"),
    moments=_ops("is", "is not", "is after", "is not before", "is before", "is not after"),
    matches={"CONTAINS": "contains", "STARTSWITH": "begins with", "ENDSWITH": "ends with"},
    sets={
        "UNION": "together with {part}",
        "INTERSECT": "but only those who are also among {part}",
        "EXCEPT": "without {part}",
    },
    in_order="these, one step after the other:",
    nested_sets="the result of these, one step after the other:",
    paged="{people}, of these, {order}, {pages}",
    ordered="ordered by {columns}",
    unordered="in no order that is given",
    descending=" (descending)",
    skip="not the first {n}",
    take="at most {n}",
    times={
        "==": "exactly {n}",
        "!=": "not exactly {n}",
        ">": "more than {n}",
        ">=": "at least {n}",
        "<": "fewer than {n}",
        "<=": "at most {n}",
    },
    time="{n} time",
    time_many="{n} times",
    aggregates={
        "SUM": "with a sum of {column} of {n}",
        "AVG": "with an average of {column} of {n}",
        "MIN": "with a smallest {column} of {n}",
        "MAX": "with a largest {column} of {n}",
    },
    window=" in the last {length} {unit}",
    units=_units(
        "millisecond/milliseconds", "second/seconds", "minute/minutes", "hour/hours", "day/days", "week/weeks",
        "month/months", "quarter/quarters", "year/years",
    ),
    ago="{n} {unit} ago",
    from_now="{n} {unit} from now",
    before="{n} {unit} before {moment}",
    after="{n} {unit} after {moment}",
    plus="{moment} plus {n} {unit}",
    difference="the number of {unit} from {start} to {end}",
    columns={
        "emailaddress1": "e-mail address", "address1_city": "city", "address1_country": "country",
        "address1_county": "county", "address1_stateorprovince": "state or province",
        "address1_postalcode": "postal code", "firstname": "first name", "lastname": "last name",
        "fullname": "full name", "jobtitle": "job title", "telephone1": "telephone number",
        "mobilephone": "mobile number", "createdon": "date of creation", "modifiedon": "date of change",
        "birthdate": "date of birth", "donotemail": "“do not e-mail”", "creditlimit": "credit limit",
        "numberofchildren": "number of children",
    },
    tables={
        "contact": ("contact", "a contact"), "account": ("account", "an account"), "lead": ("lead", "a lead"),
        "opportunity": ("opportunity", "an opportunity"), "list": ("marketing list", "a marketing list"),
    },
    cut="… and more: the rest of this query is not told here",
)  # fmt: skip

GERMAN = Wording(
    language="de",
    quotes=("„", "“"),
    contacts="Kontakte",
    records="Datensätze von {table}",
    records_there="die Datensätze am Ende des Weges",
    segment="die Mitglieder von {title}",
    interaction="Personen mit der Interaktion {kind}",
    linked=" (über {link})",
    counting=", nur solche gezählt",
    whose={True: ", für die gilt: ", False: ", wobei gilt: "},
    and_whose=" und ",
    which={True: ", für die gilt: ", False: ", wobei gilt: "},
    both="sowohl ",
    both_and=" als auch ",
    either="entweder ",
    either_or=" oder ",
    and_=" und ",
    or_=" oder ",
    all_of={True: ", für die alles dies gilt:", False: ", wobei alles dies gilt:"},
    any_of={True: ", für die mindestens eines davon gilt:", False: ", wobei mindestens eines davon gilt:"},
    none_of={True: ", für die nichts davon gilt:", False: ", wobei nichts davon gilt:"},
    not_all_of={True: ", für die nicht alles dies gilt:", False: ", wobei nicht alles dies gilt:"},
    all_these="alles dies:",
    any_these="mindestens eines davon:",
    none_these="nichts davon:",
    not_all_these="nicht alles dies:",
    on_the_way="auf dem Weg dorthin gefragt:",
    not_so="es trifft nicht zu ({what})",
    empty="ist leer",
    filled="ist gefüllt",
    yes="ja",
    no="nein",
    now="jetzt",
    value_of="der Wert von {column}",
    of_table="{column} ({table})",
    of_alias="{column} (Alias {alias})",
    column="die Spalte {name}",
    connected="verbunden mit {what}",
    also_connected="dort verbunden mit {what}",
    connected_none="nicht verbunden mit {what}",
    through=" (über {way})",
    optional=", optional",
    a_record="einem Datensatz von {table}",
    a_record_there="einem Datensatz",
    record="Datensatz",
    then=", dann ",
    comparisons=_ops("ist", "ist nicht", "ist größer als", "ist mindestens", "ist kleiner als", "ist höchstens"),
    moments=_ops("ist", "ist nicht", "ist nach", "ist nicht vor", "ist vor", "ist nicht nach"),
    matches={"CONTAINS": "enthält", "STARTSWITH": "beginnt mit", "ENDSWITH": "endet mit"},
    sets={
        "UNION": "dazu: {part}",
        "INTERSECT": "davon nur, wer auch hierzu gehört: {part}",
        "EXCEPT": "ohne diese: {part}",
    },
    in_order="dies, Schritt für Schritt:",
    nested_sets="das Ergebnis von diesem, Schritt für Schritt:",
    paged="{people}, davon, {order}, {pages}",
    ordered="geordnet nach {columns}",
    unordered="in keiner genannten Ordnung",
    descending=" (absteigend)",
    skip="nicht die ersten {n}",
    take="höchstens {n}",
    times={
        "==": "genau {n}",
        "!=": "nicht genau {n}",
        ">": "mehr als {n}",
        ">=": "mindestens {n}",
        "<": "weniger als {n}",
        "<=": "höchstens {n}",
    },
    time="{n} Mal",
    time_many="{n} Mal",
    aggregates={
        "SUM": "mit einer Summe von {column} von {n}",
        "AVG": "mit einem Durchschnitt von {column} von {n}",
        "MIN": "mit kleinstem Wert von {column} von {n}",
        "MAX": "mit größtem Wert von {column} von {n}",
    },
    window=", gezählt über {length} {unit} bis jetzt",
    units=_units(
        "Millisekunde/Millisekunden", "Sekunde/Sekunden", "Minute/Minuten", "Stunde/Stunden", "Tag/Tage",
        "Woche/Wochen", "Monat/Monate", "Quartal/Quartale", "Jahr/Jahre",
    ),
    ago="jetzt minus {n} {unit}",
    from_now="jetzt plus {n} {unit}",
    before="{moment} minus {n} {unit}",
    after="{moment} plus {n} {unit}",
    plus="{moment} plus, in {unit}, {n}",
    difference="die Zahl der {unit} von {start} bis {end}",
    columns={
        "emailaddress1": "E-Mail-Adresse", "address1_city": "Ort", "address1_country": "Land",
        "address1_county": "Kreis", "address1_stateorprovince": "Bundesland", "address1_postalcode": "Postleitzahl",
        "firstname": "Vorname", "lastname": "Nachname", "fullname": "voller Name", "jobtitle": "Position",
        "telephone1": "Telefonnummer", "mobilephone": "Mobilnummer", "createdon": "Erstellungsdatum",
        "modifiedon": "Änderungsdatum", "birthdate": "Geburtsdatum", "donotemail": "„keine E-Mails“",
        "creditlimit": "Kreditlimit", "numberofchildren": "Zahl der Kinder",
    },
    tables={
        "contact": ("Kontakt", "einem Kontakt"), "account": ("Firma", "einer Firma"), "lead": ("Lead", "einem Lead"),
        "opportunity": ("Verkaufschance", "einer Verkaufschance"),
        "list": ("Marketingliste", "einer Marketingliste"),
    },
    cut="… und mehr: der Rest dieser Abfrage steht hier nicht",
)  # fmt: skip

FRENCH = Wording(
    language="fr",
    quotes=("« ", " »"),
    contacts="les contacts",
    records="les enregistrements de {table}",
    records_there="les enregistrements au bout du chemin",
    segment="les membres de {title}",
    interaction="les personnes avec l’interaction {kind}",
    linked=" (par {link})",
    counting=", en comptant celles",
    whose={True: " pour lesquels : ", False: " où : "},
    and_whose=" et ",
    which={True: " pour lesquels : ", False: " où : "},
    both="à la fois ",
    both_and=" et ",
    either="soit ",
    either_or=" soit ",
    and_=" et ",
    or_=" ou ",
    all_of={True: " pour lesquels tout ceci est vrai :", False: " où tout ceci est vrai :"},
    any_of={True: " pour lesquels au moins un point est vrai :", False: " où au moins un point est vrai :"},
    none_of={True: " pour lesquels rien de ceci n’est vrai :", False: " où rien de ceci n’est vrai :"},
    not_all_of={
        True: " pour lesquels tout ceci n’est pas vrai à la fois :",
        False: " où tout ceci n’est pas vrai à la fois :",
    },
    all_these="tout ceci :",
    any_these="au moins un point de ceux-ci :",
    none_these="rien de ceci :",
    not_all_these="pas tout ceci à la fois :",
    on_the_way="demandé en chemin :",
    not_so="il n’est pas vrai que ({what})",
    empty="est vide",
    filled="est rempli",
    yes="oui",
    no="non",
    now="maintenant",
    value_of="la valeur de {column}",
    of_table="{column} ({table})",
    of_alias="{column} (alias {alias})",
    column="la colonne {name}",
    connected="liés à {what}",
    also_connected="lui-même lié à {what}",
    connected_none="pas liés à {what}",
    through=" (par {way})",
    optional=", facultatif",
    a_record="un enregistrement de {table}",
    a_record_there="un enregistrement",
    record="enregistrement",
    then=", puis ",
    comparisons=_ops(
        "est", "n’est pas", "est supérieur à", "est au moins", "est inférieur à", "est au plus",
    ),
    moments=_ops("est", "n’est pas", "est après", "n’est pas avant", "est avant", "n’est pas après"),
    matches={"CONTAINS": "contient", "STARTSWITH": "commence par", "ENDSWITH": "finit par"},
    sets={
        "UNION": "avec en plus {part}",
        "INTERSECT": "mais seulement qui est aussi parmi {part}",
        "EXCEPT": "sans {part}",
    },
    in_order="ceci, une étape après l’autre :",
    nested_sets="le résultat de ceci, une étape après l’autre :",
    paged="{people}, parmi eux, {order}, {pages}",
    ordered="dans l’ordre de {columns}",
    unordered="sans ordre donné",
    descending=" (décroissant)",
    skip="pas les {n} premiers",
    take="au plus {n}",
    times={
        "==": "exactement {n}",
        "!=": "pas exactement {n}",
        ">": "plus de {n}",
        ">=": "au moins {n}",
        "<": "moins de {n}",
        "<=": "au plus {n}",
    },
    time="{n} fois",
    time_many="{n} fois",
    aggregates={
        "SUM": "avec une somme de {column} de {n}",
        "AVG": "avec une moyenne de {column} de {n}",
        "MIN": "avec une plus petite valeur de {column} de {n}",
        "MAX": "avec une plus grande valeur de {column} de {n}",
    },
    window=" pendant les derniers {length} {unit}",
    units=_units(
        "milliseconde/millisecondes", "seconde/secondes", "minute/minutes", "heure/heures", "jour/jours",
        "semaine/semaines", "mois/mois", "trimestre/trimestres", "an/ans",
    ),
    ago="il y a {n} {unit}",
    from_now="dans {n} {unit}",
    before="{n} {unit} avant {moment}",
    after="{n} {unit} après {moment}",
    plus="{moment} plus, en {unit}, {n}",
    difference="le nombre de {unit} de {start} à {end}",
    columns={
        "emailaddress1": "adresse e-mail", "address1_city": "ville", "address1_country": "pays",
        "address1_county": "département", "address1_stateorprovince": "région", "address1_postalcode": "code postal",
        "firstname": "prénom", "lastname": "nom de famille", "fullname": "nom complet", "jobtitle": "fonction",
        "telephone1": "numéro de téléphone", "mobilephone": "numéro de portable", "createdon": "date de création",
        "modifiedon": "date de modification", "birthdate": "date de naissance", "donotemail": "« pas d’e-mail »",
        "creditlimit": "limite de crédit", "numberofchildren": "nombre d’enfants",
    },
    tables={
        "contact": ("contact", "un contact"), "account": ("compte", "un compte"), "lead": ("prospect", "un prospect"),
        "opportunity": ("opportunité", "une opportunité"), "list": ("liste marketing", "une liste marketing"),
    },
    cut="… et encore : la suite de cette requête n’est pas dite ici",
)  # fmt: skip

WORDINGS: Mapping[str, Wording] = {wording.language: wording for wording in (ENGLISH, GERMAN, FRENCH)}


# --- names -----------------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[\w.:'’/-]*\w[\w.:'’/-]*(?: [\w.:'’/-]*\w[\w.:'’/-]*)*")


@dataclass(slots=True)
class Names:
    """What tables and columns are called in one language."""

    wording: Wording
    schema: Schema
    _columns: dict[str, dict[str, str]] = field(default_factory=dict)
    _tables: dict[str, str] | None = None
    _reserved: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._reserved = _structure(self.wording)

    def column(self, table: str | None, name: str) -> str:
        """A column of a table; of an unknown table where it is None."""
        name = name.lower()
        shown = self._of_table((table or "").lower())
        if name in shown:
            return shown[name]
        raw = self._plain(name)
        return self.wording.column.format(name=name) if raw in shown.values() else raw

    def table(self, table: str) -> str:
        """One row of a table, as in *an account*, without its article."""
        table = table.lower()
        if self._tables is None:
            known = {name: one for name, (one, _) in self.wording.tables.items()}
            labels = {name: self._label(item.labels) for name, item in self.schema.tables.items()}
            self._tables = self._told_apart(known | {name: label for name, label in labels.items() if label})
        if table in self._tables:
            return self._tables[table]
        raw = self._plain(table)
        return f"{table} ({table})" if raw in self._tables.values() else raw

    def _of_table(self, table: str) -> dict[str, str]:
        if table not in self._columns:
            known = self.schema.tables.get(table)
            shown = {
                name: word for name, word in self.wording.columns.items() if known is None or name in known.columns
            }
            if known is not None:
                labels = {name: self._label(column.labels) for name, column in known.columns.items()}
                shown.update({name: label for name, label in labels.items() if label})
            self._columns[table] = self._told_apart(shown)
        return self._columns[table]

    def _label(self, labels: Mapping[str, str]) -> str:
        return labels.get(self.wording.language) or labels.get("") or labels.get("en") or ""

    def _told_apart(self, shown: Mapping[str, str]) -> dict[str, str]:
        many = Counter(label.casefold() for label in shown.values())
        return {
            name: self._plain(
                label
                if many[label.casefold()] == 1 and "(" not in label and shown.get(label.casefold(), label) == label
                else f"{label} ({name})"
            )
            for name, label in shown.items()
        }

    def _plain(self, name: str) -> str:
        """A name that could be taken for a part of the sentence stands in marks."""
        if name in self.wording.columns.values():
            return name
        words = f" {name.casefold()} "
        if _PLAIN.fullmatch(re.sub(r" \(\w+\)$", "", name)) and not any(phrase in words for phrase in self._reserved):
            return name
        return "‹" + name.replace("›", "››").replace("\n", " ") + "›"


def _structure(wording: Wording) -> frozenset[str]:
    """What joins the parts of a sentence, each between blanks: a name that holds one of them is marked."""
    joining = [
        wording.both, wording.both_and, wording.either, wording.either_or, wording.and_, wording.or_, wording.empty,
        wording.filled, wording.and_whose, *wording.whose.values(), *wording.which.values(),
        *wording.comparisons.values(), *wording.moments.values(), *wording.matches.values(),
        wording.column.format(name=""), wording.value_of.format(column=""),
        wording.of_table.format(column="", table=""),
    ]  # fmt: skip
    return frozenset(f" {text.casefold().strip()} " for text in joining if text.strip(" ():,"))
