"""Functions that give a row several keys, for tables of the workload and of churn; the same in Python, as of oracle.Table."""

# A part that is always there, one for some rows, one whose name is a value, and none at all for some.
_NOTES = """function(row)
  if row.number == 3 then return nil end
  if row.number == 4 then return {} end
  local parts = { head = { number = row.number }, note = row.note ~= nil and { text = row.note, long = #row.note } }
  if row.number then parts[row.number % 5] = { n = row.number } end
  if row.note and #row.note > 0 and #row.note < 40 then parts['n' .. row.note:sub(1, 3)] = { note = row.note, number = row.number or null } end
  return parts
end"""


def _shown_notes(cells, own):
    """_NOTES, as oracle.Table.transform has it."""
    if cells["number"] == b"3":
        return None
    if cells["number"] == b"4":
        return {}
    number, note = cells["number"], cells["note"]
    found = {"head": {"number": own("number")} if number is not None else {}}
    if note is not None:
        found["note"] = {"text": note.decode(), "long": len(note)}
    if number is not None:
        found[str(int(number) % 5)] = {"n": int(number)}
    if note is not None and 0 < len(note) < 40:
        found[b"n" + note[:3]] = {"note": own("note"), "number": own("number") if number is not None else None}
    return found


OF_NOTES = (" ".join(_NOTES.split("\n")), _shown_notes)


_CHURN = ("function(row) if row.v % 7 == 0 then return nil end local parts = { sum = { v = row.v, w = row.w, sum = row.v + row.w }, "
          "doc = row.doc and { doc = row.doc } } parts['v' .. row.v % 3] = { name = row.name or null, amount = row.amount } return parts end")


def _shown_churn(cells, own):
    v, w = int(cells["v"]), int(cells["w"])
    if v % 7 == 0:
        return None
    found = {"sum": {"v": own("v"), "w": own("w"), "sum": v + w}, f"v{v % 3}": {"name": own("name")}}
    if cells["amount"] is not None:
        found[f"v{v % 3}"]["amount"] = own("amount")
    if cells["doc"] is not None:
        found["doc"] = {"doc": own("doc")}
    return found


CHURN = (_CHURN, _shown_churn)
