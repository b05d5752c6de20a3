"""How templates become Python: Jinja's own way, but shorter for the two things every line of a page does.

What a template puts out is only ever joined, so a value is escaped to text and not wrapped as markup before; and a
text in the reader's language is asked for at once, not by way of the context. What comes out is the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask
from flask.templating import Environment
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

from app.i18n import code, translated

SAID = "_"  # what a template calls for a text in the reader's language


class _ShorterCode(CodeGenerator):
    """Writes `environment.escaped(…)` and `environment.said(…)` where Jinja writes several calls."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not _is_html(frame) or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.escaped(")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        is_said = isinstance(node.node, nodes.Name) and node.node.name == SAID and bool(node.args)
        if not is_said or not _is_html(frame):
            super().visit_Call(node, frame, forward_caller=forward_caller)
        else:
            text, *rest = node.args
            self.write("environment.said(")
            self.visit(text, frame)
            self.signature(nodes.Call(node.node, rest, node.kwargs, node.dyn_args, node.dyn_kwargs), frame)
            self.write(")")


def _is_html(frame: Frame) -> bool:
    """Whether what is put out here is escaped, and whether that is known now."""
    return frame.eval_ctx.autoescape and not frame.eval_ctx.volatile


class Templates(Environment):
    """Flask's environment for templates, compiled to shorter code."""

    code_generator_class = _ShorterCode

    @staticmethod
    def escaped(value: Any) -> str:
        """What `markupsafe.escape` makes of a value, as text to be joined."""
        kind = type(value)
        if kind is str:
            text: str = value
            needs_it = "&" in text or "<" in text or ">" in text or '"' in text or "'" in text
            return escape(text) if needs_it else text
        return str(value) if kind is Markup or kind is int else escape(value)

    @staticmethod
    def said(text: str, /, **variables: Any) -> Markup:
        """A text in the reader's language, its variables escaped."""
        marked = _marked(text, code())
        if not variables and "%" not in text:
            return marked
        # Formatted as a plain string of escaped parts: a Markup would wrap each of them first.
        return Markup(str(marked) % {name: Templates.escaped(value) for name, value in variables.items()})  # noqa: S704


@lru_cache(maxsize=4096)
def _marked(text: str, _code: str) -> Markup:
    return Markup(translated(text))  # noqa: S704 - our own text


class App(Flask):
    """Flask with these templates."""

    jinja_environment = Templates
