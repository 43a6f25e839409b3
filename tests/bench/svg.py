"""A bench's figures as bars beside their budgets, each in its own scale."""

from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW = 760, 250, 130, 34


def _bar(top, row):
    label, value, low, high, budget, gate, better = row
    room = WIDTH - LEFT - RIGHT
    full = 1.1 * max(high, budget or 0, 1e-9)
    at = lambda amount: LEFT + room * amount / full
    held = budget is None or (value >= budget if better == ">=" else value <= budget)
    colour = "#2f855a" if held else "#c53030" if gate else "#b7791f"
    middle = top + ROW / 2
    out = [f'<text x="{LEFT - 10}" y="{middle + 5}" text-anchor="end">{escape(label)}</text>',
           f'<rect x="{LEFT}" y="{top + 7}" width="{at(value) - LEFT:.1f}" height="{ROW - 14}" '
           f'fill="{colour}"/>']
    if low != high:
        out.append(f'<path d="M{at(low):.1f} {middle}H{at(high):.1f}" stroke="#1a202c" '
                   'stroke-width="1.5"/>')
    text = f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
    if budget is not None:
        out.append(f'<path d="M{at(budget):.1f} {top + 2}V{top + ROW - 2}" '
                   f'stroke="#1a202c" stroke-width="2"'
                   + ("" if gate else ' stroke-dasharray="3 3"') + "/>")
        text += f" ({escape(better)} {budget:g})"
    out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{middle + 5}">{text}</text>')
    return out


def draw(title, rows):
    rows = list(rows)
    height = 46 + ROW * len(rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
           'font-family="sans-serif" font-size="13">',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="16" y="26" font-size="16">tools/bench {escape(title)}</text>']
    for i, row in enumerate(rows):
        out += _bar(40 + ROW * i, row)
    out.append(f'<text x="16" y="{height - 12}" fill="#4a5568">Bar: median. Thin line: '
               'smallest to largest. Upright line: budget; dashed: an aim.</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
