"""The catalogue of findings: what the tool has to say about a segment, in words that can be read aloud.

One function a finding, in the file of what it speaks of. Its name is the stable code (with hyphens), its decorator the
severity, its parameters the facts, its result the sentence and the advice. `docs/findings.md` is generated from here.
"""

from migrator.product.findings.catalogue import *
from migrator.product.findings.columns import *
from migrator.product.findings.decided import *
from migrator.product.findings.interactions import *
from migrator.product.findings.members import *
from migrator.product.findings.queries import *
from migrator.product.findings.reach import *
from migrator.product.findings.references import *
from migrator.product.findings.status import *
from migrator.product.findings.surroundings import *
from migrator.product.findings.texts import *
