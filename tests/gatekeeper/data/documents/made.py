"""Documents made by the libraries that people make theirs with."""

import io
from collections.abc import Sequence

import docx
import matplotlib as mpl
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from pypdf import PdfWriter


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A page for each list of lines."""
    out = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(out) as made:
        for lines in pages:
            figure = Figure()
            FigureCanvasPdf(figure)
            for place, line in enumerate(lines):
                figure.text(0.1, 0.95 - 0.05 * place, line)
            made.savefig(figure)
    return out.getvalue()


def encrypted(data: bytes, password: str) -> bytes:
    """The PDF, for whoever knows the password."""
    writer, out = PdfWriter(clone_from=io.BytesIO(data)), io.BytesIO()
    writer.encrypt(password, "owner", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def word(blocks: Sequence[str | Sequence[Sequence[str]]], title: str = "") -> bytes:
    """A Word document: a paragraph for each text, a table for each list of rows."""
    document, out = docx.Document(), io.BytesIO()
    document.core_properties.title = title
    for block in blocks:
        if isinstance(block, str):
            document.add_paragraph(block)
        else:
            table = document.add_table(rows=len(block), cols=len(block[0]))
            for row, texts in enumerate(block):
                for column, text in enumerate(texts):
                    table.cell(row, column).text = text
    document.save(out)
    return out.getvalue()
