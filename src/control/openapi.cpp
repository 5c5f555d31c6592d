// The interface's description; a test holds the server to it.
#include "control/context.hpp"

#include <string_view>

namespace ghostpeer::control {
namespace {

constexpr std::string_view description = R"json({
"openapi": "3.0.3",
"info": {
  "title": "ghostpeer",
  "version": "1",
  "description": "Looks at the peers and connections of a running ghostpeer, and acts on them. Every error is a JSON object whose `error` is a complete sentence."
},
"security": [{}, {"token": []}],
"paths": {
  "/v1/info": {"get": {
    "summary": "Version, time since the start in seconds (`t`), counts.",
    "responses": {"200": {"$ref": "#/components/responses/Object"}, "401": {"$ref": "#/components/responses/Error"}, "403": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/peers": {"get": {
    "summary": "All peers: PROFILE is `default`, the others are called as `--peer` names them.",
    "responses": {"200": {"description": "The peers.", "content": {"application/json": {"schema": {"type": "object", "required": ["peers"], "properties": {"peers": {"type": "array", "items": {"$ref": "#/components/schemas/Peer"}}}}}}}}
  }, "post": {
    "summary": "One more peer, from now on.",
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "properties": {
      "name": {"type": "string", "description": "Of a host, which is given addresses."},
      "address": {"type": "string", "description": "An address; with neither it is one that is free."},
      "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Without one every port is the peer's."},
      "scope": {"type": "string", "description": "Whose verdict judges it; else the run's does."},
      "profile": {"description": "A name of the catalogue, a path, or a profile as an object."},
      "yaml": {"type": "string", "description": "In its place the profile's text."},
      "file": {"type": "string", "description": "Of an object or a text: what it is called, and where relative paths begin."},
      "set": {"type": "object", "description": "Parameters and their values."}
    }}, "example": {"name": "db.example", "port": 5432, "profile": "refuse-twice"}}}},
    "responses": {"200": {"$ref": "#/components/responses/Peer"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/peers/{peer}": {"get": {
    "summary": "One peer.",
    "parameters": [{"$ref": "#/components/parameters/Peer"}],
    "responses": {"200": {"$ref": "#/components/responses/Peer"}, "404": {"$ref": "#/components/responses/Error"}}
  }, "delete": {
    "summary": "A peer that came later goes; its connections are reset.",
    "parameters": [{"$ref": "#/components/parameters/Peer"}],
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/peers/{peer}/profile": {"put": {
    "summary": "New connections of the peer have this profile, those that are there keep theirs (`keep` says how many) unless `reset` ends them. Its attempts are counted from 1 again.",
    "parameters": [{"$ref": "#/components/parameters/Peer"}],
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "properties": {"profile": {"description": "As of POST /v1/peers."}, "yaml": {"type": "string"}, "file": {"type": "string"}, "reset": {"type": "boolean", "default": false}, "set": {"type": "object", "description": "Parameters and their values."}}}, "example": {"profile": "refuse"}}}},
    "responses": {"200": {"$ref": "#/components/responses/Peer"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/peers/{peer}/actions": {"post": {
    "summary": "Acts on all connections of a peer; `blackhole` and `revive` hold for new ones, too.",
    "parameters": [{"$ref": "#/components/parameters/Peer"}],
    "requestBody": {"$ref": "#/components/requestBodies/Actions"},
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes": {"get": {
    "summary": "All scopes.",
    "responses": {"200": {"$ref": "#/components/responses/Object"}}
  }, "post": {
    "summary": "Begins a scope: peers that come with it have a record and a verdict of their own.",
    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 1000}}}, "example": {"name": "test_login"}}}},
    "responses": {"200": {"$ref": "#/components/responses/Object"}, "400": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}": {"get": {
    "summary": "One scope.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"$ref": "#/components/responses/Object"}, "404": {"$ref": "#/components/responses/Error"}}
  }, "delete": {
    "summary": "Its verdict, and it goes: its connections are reset, and its peers are let go.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"$ref": "#/components/responses/Verdict"}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}/verdict": {"get": {
    "summary": "What it amounts to by now.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"$ref": "#/components/responses/Verdict"}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}/record": {"get": {
    "summary": "Its events by now, as `--events` writes those of a run.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"description": "JSON Lines.", "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}/trace": {"get": {
    "summary": "Its trace by now, and the verdict.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"description": "Text.", "content": {"text/plain": {"schema": {"type": "string"}}}}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}/page": {"get": {
    "summary": "Its page by now, as `--report` writes that of a run.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "responses": {"200": {"description": "HTML.", "content": {"text/html": {"schema": {"type": "string"}}}}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/scopes/{scope}/actions": {"post": {
    "summary": "Acts on all connections of its peers.",
    "parameters": [{"$ref": "#/components/parameters/Scope"}],
    "requestBody": {"$ref": "#/components/requestBodies/Actions"},
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/connections": {"get": {
    "summary": "Connections, those that are gone and still remembered among them, a page at a time.",
    "parameters": [
      {"name": "peer", "in": "query", "schema": {"type": "string"}, "description": "Only those of this peer."},
      {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 256, "default": 100}},
      {"name": "from", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}, "description": "The `next` of the page before."}
    ],
    "responses": {"200": {"description": "A page; `next` is null on the last one.", "content": {"application/json": {"schema": {"type": "object", "required": ["connections", "next"], "properties": {"t": {"type": "number"}, "connections": {"type": "array", "items": {"$ref": "#/components/schemas/Connection"}}, "next": {"type": "integer", "nullable": true}}}}}}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/connections/{id}": {"get": {
    "summary": "One connection.",
    "parameters": [{"$ref": "#/components/parameters/Id"}],
    "responses": {"200": {"description": "The connection.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Connection"}}}}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/connections/{id}/actions": {"post": {
    "summary": "Acts on one connection.",
    "parameters": [{"$ref": "#/components/parameters/Id"}],
    "requestBody": {"$ref": "#/components/requestBodies/Actions"},
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "409": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/actions": {"post": {
    "summary": "Acts on all connections; `blackhole` and `revive` hold for new ones, too.",
    "requestBody": {"$ref": "#/components/requestBodies/Actions"},
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "400": {"$ref": "#/components/responses/Error"}, "422": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/commands/{name}": {"post": {
    "summary": "Fires a command: rules `on: command NAME` of every open connection are tried.",
    "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}],
    "responses": {"200": {"$ref": "#/components/responses/Acted"}, "404": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/events": {"get": {
    "summary": "Events from now on, as server-sent events whose data are the lines of `--events`. An event `lost` says how many a slow reader has missed.",
    "parameters": [
      {"name": "since", "in": "query", "schema": {"type": "integer"}, "description": "Begin behind this event; 0: with the oldest that is kept."},
      {"name": "Last-Event-ID", "in": "header", "schema": {"type": "integer"}, "description": "The same, as browsers send it."}
    ],
    "responses": {"200": {"description": "Events until the run ends.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}, "400": {"$ref": "#/components/responses/Error"}}
  }},
  "/v1/stats": {"get": {
    "summary": "What has happened since the statistics were reset last.",
    "responses": {"200": {"$ref": "#/components/responses/Object"}}
  }},
  "/v1/stats/reset": {"post": {
    "summary": "The same, and they begin anew. The verdict of the run still counts everything.",
    "responses": {"200": {"$ref": "#/components/responses/Object"}}
  }},
  "/v1/wait": {"get": {
    "summary": "Answers once a condition is true, at once where it is already.",
    "parameters": [
      {"name": "for", "in": "query", "required": true, "schema": {"type": "string"}, "description": "`connections >= 1`, `attempts >= 2 peer=db`, `established == 0`, `state=close-wait conn=1`, `rule FILE:LINE`, `event=segment kind=rst`."},
      {"name": "timeout", "in": "query", "schema": {"type": "string", "default": "30s"}},
      {"name": "since", "in": "query", "schema": {"type": "integer"}, "description": "Of `event=…`: events behind this one count, too, as far as they are kept."}
    ],
    "responses": {"200": {"$ref": "#/components/responses/Object"}, "400": {"$ref": "#/components/responses/Error"}, "404": {"$ref": "#/components/responses/Error"}, "408": {"$ref": "#/components/responses/Error"}}
  }},
  "/metrics": {"get": {
    "summary": "Metrics for Prometheus.",
    "responses": {"200": {"description": "Text format 0.0.4.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
  }},
  "/openapi.json": {"get": {
    "summary": "This description.",
    "responses": {"200": {"$ref": "#/components/responses/Object"}}
  }}
},
"components": {
  "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "On TCP."}},
  "parameters": {
    "Peer": {"name": "peer", "in": "path", "required": true, "schema": {"type": "string"}, "description": "A peer's name or index."},
    "Scope": {"name": "scope", "in": "path", "required": true, "schema": {"type": "string"}, "description": "A scope's name."},
    "Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}, "description": "The connection's number, `conn` in events."}
  },
  "requestBodies": {
    "Actions": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["do"], "properties": {
      "do": {"description": "An action of the profile language or a list of them, as JSON, or as a text in YAML."},
      "new": {"type": "boolean", "default": true, "description": "Do `blackhole` and `revive` hold for connections that begin later?"}
    }}, "example": {"do": ["resume-reading", {"window": "auto"}]}}}}
  },
  "responses": {
    "Object": {"description": "An object.", "content": {"application/json": {"schema": {"type": "object"}}}},
    "Error": {"description": "What is wrong, and what to do.", "content": {"application/json": {"schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}, "diagnostics": {"type": "string", "description": "Of a profile or an action: all that is wrong, with the lines."}, "errors": {"type": "array", "items": {"type": "object"}, "description": "Of a profile, the same: `file`, `line`, `column`, `message`."}}}}}},
    "Verdict": {"description": "Its verdict.", "content": {"application/json": {"schema": {"type": "object", "required": ["scope", "pass", "headline", "failures", "text", "verdict"], "properties": {"scope": {"type": "string"}, "pass": {"type": "boolean"}, "headline": {"type": "string"}, "failures": {"type": "array", "items": {"type": "string"}}, "text": {"type": "string", "description": "As a run prints it."}, "verdict": {"type": "object", "description": "The event `verdict`."}}}}}},
    "Peer": {"description": "The peer.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Peer"}}}},
    "Acted": {"description": "On how many connections.", "content": {"application/json": {"schema": {"type": "object", "required": ["t", "connections"], "properties": {"t": {"type": "number"}, "connections": {"type": "integer"}}}}}}
  },
  "schemas": {
    "Peer": {"type": "object", "required": ["name", "index", "addresses", "port", "profile", "role", "attempts", "blackhole"], "properties": {
      "name": {"type": "string"}, "index": {"type": "integer"}, "addresses": {"type": "array", "items": {"type": "string"}, "description": "Empty: every address."}, "port": {"type": "integer", "nullable": true, "description": "Null: every port."}, "profile": {"type": "string"}, "role": {"type": "string"}, "attempts": {"type": "integer"}, "blackhole": {"type": "string", "nullable": true, "description": "How new connections begin: `in`, `out`, `both` or null."}, "scope": {"type": "string", "nullable": true}, "keep": {"type": "integer", "description": "Of an answer to PUT: open connections that keep the profile before."}, "reset": {"type": "integer", "description": "The same: those that were reset."}
    }},
    "Connection": {"type": "object", "required": ["id", "peer", "local", "remote", "attempt", "profile", "phase", "state", "ending", "bytes_in", "bytes_out", "segments_in", "segments_out", "snd", "rcv"], "properties": {
      "id": {"type": "integer"}, "peer": {"type": "string", "nullable": true}, "local": {"type": "string", "description": "The peer's end."}, "remote": {"type": "string"}, "attempt": {"type": "integer"}, "dialled": {"type": "boolean"}, "profile": {"type": "string"}, "phase": {"type": "string"}, "state": {"type": "string", "description": "Of the peer's side: `established`, `close-wait`, …"}, "ending": {"type": "string"}, "start": {"type": "number"}, "last_segment": {"type": "number"},
      "bytes_in": {"type": "integer"}, "bytes_out": {"type": "integer"}, "segments_in": {"type": "integer"}, "segments_out": {"type": "integer"},
      "snd": {"type": "object"}, "rcv": {"type": "object"}, "blackholed_in": {"type": "boolean"}, "blackholed_out": {"type": "boolean"}, "reading_stopped": {"type": "boolean"}, "acking_stopped": {"type": "boolean"}
    }}
  }
}
})json";

}  // namespace

http::Response get_openapi(Context&, const Call&) {
    http::Response response;
    response.body = description;
    return response;
}

}  // namespace ghostpeer::control
