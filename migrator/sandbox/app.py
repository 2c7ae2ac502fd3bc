"""The HTTP side of the sandbox: from a request to the function that answers it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.mql import Table
from migrator.product.codes import AUDIENCE
from migrator.sandbox import consent, fetchxml, inspection, journeys, metadata, outbound, realtime
from migrator.sandbox.odata import Preferences, Reader, preferences
from migrator.sandbox.organisation import Organisation
from migrator.sandbox.refusal import INVALID_ARGUMENT, PRECONDITION, Refusal, bad_request, no_record, no_resource
from migrator.sandbox.tables import DEFINITION, JOURNEY, LEGACY_SEGMENT, SEGMENT

_PATH = re.compile(r"(?P<set>[A-Za-z_]\w*)(?:\((?:\w+=)?'?(?P<key>[^)']*)'?\))?")
_ACROSS = re.compile(r"(?P<set>\w+)\((?P<key>[0-9a-fA-F-]{36})\)/(?P<way>\w+)")
_HEADERS = {"OData-Version": "4.0", "Cache-Control": "no-cache", "x-ms-dop-hint": "8"}


def application(organisation: Organisation) -> Starlette:
    """The sandbox as an ASGI application."""
    organisation.users = journeys.live_journeys
    organisation.rules = {
        LEGACY_SEGMENT: outbound.OutboundRules(),
        DEFINITION: realtime.DefinitionRules(),
        SEGMENT: realtime.SegmentRules(),
        JOURNEY: journeys.JourneyRules(),
    }

    async def endpoint(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is left to read it
        # The work is done on a thread, so that a long query does not keep other connections waiting for their turn.
        return await run_in_threadpool(_answer, organisation, request, body)

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return Starlette(routes=[Route("/api/data/{version}/{path:path}", endpoint, methods=methods)])


def _answer(organisation: Organisation, request: Request, body: bytes) -> Response:
    with organisation.lock:
        organisation.settle()
        try:
            response = _Call(organisation, request, body).answer()
        except Refusal as refusal:
            response = _json(refusal.body, refusal.status)
    response.headers.update(_HEADERS)
    response.headers["x-ms-service-request-id"] = str(uuid4())
    return response


class _Call:
    """One request."""

    def __init__(self, organisation: Organisation, request: Request, body: bytes) -> None:
        version = request.path_params["version"]
        if not re.fullmatch(r"v9\.\d", version):
            raise no_resource(version)
        self.organisation = organisation
        self.method = request.method
        self.path = request.path_params["path"].strip("/")
        self.options = dict(request.query_params)
        self.headers = request.headers
        self.base = f"{str(request.base_url).rstrip('/')}/api/data/{version}/"
        self.prefer: Preferences = preferences(",".join(request.headers.getlist("prefer")))
        self._body = body

    def answer(self) -> Response:
        if self.organisation.administration:
            raise Refusal(503, "0x80060890", "The organization is in administration mode.")
        if self.path.startswith("EntityDefinitions"):
            self._only("GET")
            return _json(metadata.answer(self.organisation, self.path, self.options, self.base))
        if self.method == "GET" and (said := inspection.answer(self.organisation, self.path, self.options, self.base)):
            return _json(said)
        if across := _ACROSS.fullmatch(self.path):
            return self._related(across["set"], across["key"], across["way"])
        match = _PATH.fullmatch(self.path)
        if not self.path:
            return self._service_document()
        if match is None:
            raise no_resource(self.path)
        if match["set"] == "WhoAmI":
            return self._who_am_i()
        if action := self._action(match["set"]):
            return self._act(match["set"], action)
        if match["key"] is None:
            return self._collection(match["set"])
        return self._record(match["set"], match["key"])

    # --- functions and actions ---

    def _who_am_i(self) -> Response:
        self._only("GET")
        unit = next(iter(self.organisation.rows["businessunit"]))
        return _json(
            {
                "@odata.context": f"{self.base}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
                "BusinessUnitId": unit,
                "UserId": self.organisation.user,
                "OrganizationId": str(self.organisation.id),
            }
        )

    def _service_document(self) -> Response:
        sets = sorted(table.entity_set for table in self.organisation.schema.tables.values())
        return _json(
            {
                "@odata.context": f"{self.base}$metadata",
                "value": [{"name": name, "kind": "EntitySet", "url": name} for name in sets],
            }
        )

    def _action(self, name: str) -> Callable[[Organisation, Mapping[str, Any]], Any] | None:
        if name in outbound.ACTIONS:
            return partial(_outbound, name)
        if name == consent.CHECK:
            return consent.check_sending
        if name in realtime.ACTIONS and not self.organisation.realtime:
            raise no_resource(name)
        return realtime.ACTIONS.get(name)

    def _act(self, name: str, action: Callable[[Organisation, Mapping[str, Any]], Any]) -> Response:
        self._only("POST")
        try:
            result = action(self.organisation, self._payload())
        except Refusal as refusal:
            if not self.organisation.manners.refuses_inside or refusal.status != 400 or name not in realtime.ACTIONS:
                raise
            reason = refusal.extra.get("ResultText") or refusal.message
            result = {"StatusCode": refusal.status, "ResultText": reason}
        if result is None:
            return Response(status_code=204)
        return _json({"@odata.context": f"{self.base}$metadata#Microsoft.Dynamics.CRM.{name}Response", **result})

    # --- tables ---

    def _collection(self, entity_set: str) -> Response:
        name, table = self._permitted(entity_set)
        if self.method == "POST":
            return self._created(name, self.organisation.create(name, self._payload()))
        self._only("GET", "POST")
        reader = Reader(self.organisation, name, table, self.base, self.prefer)
        if "fetchXml" in self.options:
            return self._prefer(_json(self._fetch(reader)))
        return self._prefer(_json(reader.many(self.organisation.seen(name), self.options)))

    def _permitted(self, entity_set: str) -> tuple[str, Table]:
        name, table = self.organisation.table(entity_set)
        inspection.installed(self.organisation, name)
        inspection.allow(self.organisation, self.method, name)
        return name, table

    def _related(self, entity_set: str, key: str, way: str) -> Response:
        """The rows at the other end of a many-to-many relationship."""
        self._only("GET")
        name, _ = self.organisation.table(entity_set)
        here = self.organisation.row(name, key)
        for many in self.organisation.schema.many_to_many:
            if many.schema_name != way or name not in (many.table1, many.table2):
                continue
            ours, theirs, other = many.column1, many.column2, many.table2
            if name == many.table2:
                ours, theirs, other = many.column2, many.column1, many.table1
            own = here[self.organisation.schema.tables[name].key]
            links = self.organisation.rows[many.intersect_table].values()
            wanted = {str(link[theirs]) for link in links if str(link[ours]) == own}
            table = self.organisation.schema.tables[other]
            rows = [row for found, row in self.organisation.rows[other].items() if found in wanted]
            reader = Reader(self.organisation, other, table, self.base, self.prefer)
            return self._prefer(_json(reader.many(rows, self.options)))
        raise bad_request(f"Could not find a property named '{way}' on type 'Microsoft.Dynamics.CRM.{name}'.")

    def _fetch(self, reader: Reader) -> dict[str, Any]:
        fetch = fetchxml.read(self.options["fetchXml"])
        if fetch.entity != reader.name:
            raise bad_request(f"The FetchXML asks for {fetch.entity}, the address for {reader.name}.", INVALID_ARGUMENT)
        rows = list(self.organisation.rows[reader.name].values())
        if fetch.segment is not None:
            how = outbound.answers(self.organisation)
            if how in (outbound.Answers.REMOVED, outbound.Answers.REMOVED_PATH):
                # The relationship went with the module.
                raise bad_request("'msdyncrm_segmentmemberid' is no attribute of 'contact'.")
            outbound.refuse(how, "contacts")
            members = set(outbound.members_by_segment(self.organisation, fetch.segment))
            rows = [row for row in rows if row[reader.table.key] in members]
        options = {"$orderby": fetch.order} if fetch.order else {}
        if fetch.attributes:
            shown = [f"_{name}_value" if self._is_lookup(name) else name for name in fetch.attributes]
            options["$select"] = ",".join(shown)
        everything = reader.many(rows, {**options, "$top": str(len(rows))})
        start, key = (fetch.page - 1) * fetch.count, reader.table.key
        if fetch.after:
            keys = [row[key] for row in everything["value"]]
            start = keys.index(fetch.after) + 1 if fetch.after in keys else len(keys)
        elif start + fetch.count > fetchxml.SIMPLE_ROWS and fetch.page > 1:
            raise bad_request(
                "Paging cookie is required when trying to retrieve a set of records on any high pages.",
                INVALID_ARGUMENT,
            )
        page = everything["value"][start : start + fetch.count]
        answer = {**everything, "value": page}
        answer.pop("@odata.nextLink", None)
        answer["@Microsoft.Dynamics.CRM.morerecords"] = start + fetch.count < len(rows)
        if self.prefer.shows(fetchxml.COOKIE) and answer["@Microsoft.Dynamics.CRM.morerecords"]:
            answer[f"@{fetchxml.COOKIE}"] = fetchxml.cookie(key, fetch.page, page[0][key], page[-1][key])
        if fetch.total:
            answer["@Microsoft.Dynamics.CRM.totalrecordcount"] = len(rows)
        return answer

    def _is_lookup(self, column: str) -> bool:
        found = self.organisation.schema.tables[AUDIENCE].columns.get(column)
        return found is not None and found.type in ("Lookup", "Owner", "Customer")

    def _record(self, entity_set: str, key: str) -> Response:
        name, table = self._permitted(entity_set)
        match self.method:
            case "GET":
                reader = Reader(self.organisation, name, table, self.base, self.prefer)
                row = self.organisation.seen_row(name, key)
                if row is None:
                    raise no_record(name, key)
                return self._prefer(_json(reader.one(row, self.options)))
            case "DELETE":
                self.organisation.delete(name, key)
                return Response(status_code=204)
            case "PATCH":
                return self._upsert(name, key)
        raise Refusal(405, INVALID_ARGUMENT, f"The method {self.method} is not allowed here.")

    def _upsert(self, name: str, key: str) -> Response:
        """PATCH changes a row or, unless If-Match forbids it, creates it."""
        exists = key.lower() in self.organisation.rows[name]
        if exists and self.headers.get("if-none-match") == "*":
            raise Refusal(412, PRECONDITION, "The version of the existing record doesn't match the property provided.")
        if exists or self.headers.get("if-match") == "*":
            row = self.organisation.update(name, key, self._payload())
            if self.prefer.representation:
                return self._represented(name, row, 200)
            return Response(status_code=204, headers={"OData-EntityId": self._address(name, row)})
        key_column = self.organisation.schema.tables[name].key
        return self._created(name, self.organisation.create(name, {**self._payload(), key_column: key}))

    def _created(self, name: str, row: dict[str, Any]) -> Response:
        if self.prefer.representation:
            return self._represented(name, row, 201)
        address = self._address(name, row)
        return Response(status_code=204, headers={"OData-EntityId": address, "Location": address})

    def _represented(self, name: str, row: dict[str, Any], status: int) -> Response:
        reader = Reader(self.organisation, name, self.organisation.schema.tables[name], self.base, self.prefer)
        select = {"$select": self.options["$select"]} if "$select" in self.options else {}
        response = self._prefer(_json(reader.one(row, select), status))
        response.headers["OData-EntityId"] = response.headers["Location"] = self._address(name, row)
        return response

    def _address(self, name: str, row: dict[str, Any]) -> str:
        table = self.organisation.schema.tables[name]
        return f"{self.base}{table.entity_set}({row[table.key]})"

    # --- the request ---

    def _payload(self) -> dict[str, Any]:
        try:
            payload = json.loads(self._body or b"{}")
        except ValueError as error:
            raise bad_request(f"The request body is no JSON: {error}", INVALID_ARGUMENT) from None
        if not isinstance(payload, dict):
            raise bad_request("The request body is no JSON object.", INVALID_ARGUMENT)
        return payload

    def _only(self, *methods: str) -> None:
        if self.method not in methods:
            raise Refusal(405, INVALID_ARGUMENT, f"The method {self.method} is not allowed here.")

    def _prefer(self, response: Response) -> Response:
        if self.prefer.applied:
            response.headers["Preference-Applied"] = self.prefer.applied
        return response


def _outbound(name: str, organisation: Organisation, body: Mapping[str, Any]) -> Any:
    return outbound.act(organisation, name, body)


def _json(content: Any, status: int = 200) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        text = json.dumps(content, separators=(",", ":"))  # half a character has no bytes, but an escape
    return Response(text, status, media_type="application/json; odata.metadata=minimal; charset=utf-8")
