"""rich's console for text of any origin."""

from __future__ import annotations

from typing import Any

import rich.console
from rich.text import Text

from siamfc_eval.plain_text import printable


class Console(rich.console.Console):
    """As rich has it; what it prints cannot move the cursor or do anything else that terminals do on command."""

    def render_str(self, text: str, *arguments: Any, **options: Any) -> Text:
        """As rich has it, cleaned."""
        return super().render_str(printable(text, lines=True), *arguments, **options)
