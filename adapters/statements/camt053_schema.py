"""The XML of a camt.053 message: parsed without trusting it, and held against its schema.

Nothing outside the file is ever read for it, and no entity is expanded: a DOCTYPE is refused.
"""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree

from adapters.statements.model import decoded, unreadable

VERSIONS = ("02", "08")

_SCHEMAS = Path(__file__).with_name("schemas")
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.([0-9]{2})")
_DECLARED = re.compile(r"<\?xml[^>]*\sencoding\s*=\s*[\"']([^\"']*)")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.+?) \)")
_FACET = re.compile(r"Element '[^']*'(?:, attribute '[^']*')?: \[facet '(\w+)'\]")


def valid_document(content: bytes) -> etree._Element:
    """The message's root, its elements named without namespace. Raises StatementUnreadable."""
    return _valid(_parsed(content))


def place_of(element: etree._Element) -> str:
    """Line and XPath. It counts elements before this one: not to be asked for in passing."""
    return f"line {element.sourceline}, {element.getroottree().getpath(element)}"


def _parsed(content: bytes) -> etree._Element:
    text = decoded(content, "utf-8")
    declared = _DECLARED.match(text)
    if declared and declared[1].upper() != "UTF-8":
        raise unreadable("line 1", "must be in UTF-8, and say so")
    # Whatever an entity could do, it does in a DOCTYPE.
    doctype = text.find("<!DOCTYPE")
    if doctype >= 0:
        raise unreadable(f"line {text.count(chr(10), 0, doctype) + 1}", "must not hold a DOCTYPE")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        place = f"line {error.lineno or 1}, column {error.offset or 1}"
        raise unreadable(place, "is not well-formed XML, or is cut off") from None


def _valid(document: etree._Element) -> etree._Element:
    """The document without namespaces, once it is what its schema says."""
    root = etree.QName(document)
    version = _NAMESPACE.fullmatch(root.namespace or "")
    if version is None or root.localname != "Document":
        raise unreadable("line 1", "is no camt.053 document")
    if version[1] not in VERSIONS:
        known = " and ".join(VERSIONS)
        raise unreadable("line 1", f"is version {version[1]} of camt.053.001: {known} are read")
    schema = etree.XMLSchema(file=str(_SCHEMAS / f"camt.053.001.{version[1]}.xsd"))
    if schema.validate(document):
        return _without_namespaces(document)
    error = schema.error_log[0]
    (culprit,) = document.getroottree().xpath(error.path or "/*")
    _without_namespaces(document)
    raise unreadable(place_of(culprit), _rule(error))


def _rule(error: etree._LogEntry) -> str:
    """What the schema asks for. Never libxml2's whole message, which quotes the value."""
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT" and (
        expected := _EXPECTED.search(error.message)
    ):
        names = re.sub(r"\{[^}]*\}|[*]", "", expected[1])
        return f"does not stand here, or lacks what must; the schema expects {names}"
    facet = _FACET.match(error.message)
    name = facet[1] if facet else error.type_name.removeprefix("SCHEMAV_").lower()
    return f"breaks the schema ({name})"


def _without_namespaces(document: etree._Element) -> etree._Element:
    for element in document.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return document
