"""What is told of, once an excursion: of each kind and feature one finding that is no chance and matters."""

from collections.abc import Sequence

from msgspec import Struct, field

from models.finding import Finding
from models.two_samples import discoveries


class Excursions(Struct):
    """Those that have been told of and are not over, by kind and feature."""

    told: list[str] = field(default_factory=list)

    def begun(self, findings: Sequence[Finding], rate: float) -> list[Finding]:
        """Those to be told of now, of all `findings` on one stretch; of a feature, quality comes first.

        Among them `rate` is the expected share of false ones at most (`models.two_samples.discoveries`). An
        excursion is over when all that belongs to it is calm.
        """
        counted = discoveries([one.found.p for one in findings], rate)
        groups: dict[str, list[tuple[Finding, bool]]] = {}
        for one, counts in zip(findings, counted, strict=True):
            groups.setdefault(one.name, []).append((one, counts))
        begun = []
        for name, group in groups.items():
            odd = [one for one, counts in group if counts and one.matters]
            if name in self.told:
                if all(one.calm for one, _ in group):
                    self.told.remove(name)
            elif odd and not self._explained(odd[0]):
                self.told.append(name)
                begun.append(max(odd, key=lambda one: one.found.distance))
        return begun

    def _explained(self, finding: Finding) -> bool:
        """Whether a feature has moved because of what was told of its quality."""
        return finding.kind == "feature" and finding._replace(kind="quality").name in self.told
