"""Lines on two logarithmic axes, as SVG."""

import html
import math

COLORS = ["#0b6e4f", "#c1440e", "#2f4b7c", "#8a6d3b", "#7a5195"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 400, 70, 150, 40, 50


def write(path, title, x_label, y_label, lines):
    """`lines`: by name a list of points (x, y), both above 0."""
    points = [point for line in lines.values() for point in line]
    x_low, x_high = decades([x for x, _ in points])
    y_low, y_high = decades([y for _, y in points])

    def at(x, y):
        across = (math.log10(x) - x_low) / (x_high - x_low)
        up = (math.log10(y) - y_low) / (y_high - y_low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(WIDTH / 2, 20, title, "middle", 'font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, "middle"),
        text(16, HEIGHT / 2, y_label, "middle", f'transform="rotate(-90 16 {HEIGHT / 2})"'),
    ]
    for power in range(x_low, x_high + 1):
        x, bottom = at(10**power, 10**y_low)
        out.append(line(x, TOP, x, bottom, "#ddd"))
        out.append(text(x, bottom + 16, number(power), "middle"))
    for power in range(y_low, y_high + 1):
        left, y = at(10**x_low, 10**power)
        out.append(line(left, y, WIDTH - RIGHT, y, "#ddd"))
        out.append(text(left - 6, y + 4, number(power), "end"))
    for (name, found), color in zip(lines.items(), COLORS):
        places = [at(x, y) for x, y in sorted(found)]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{way}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in places]
    # Names that would cover one another move down.
    taken = TOP - 14
    ends = sorted(((at(*max(found))[1], name, color) for (name, found), color in zip(lines.items(), COLORS)))
    for y, name, color in ends:
        taken = max(y + 4, taken + 14)
        out.append(text(WIDTH - RIGHT + 8, taken, name, "start", f'fill="{color}"'))
    with open(path, "w") as file:
        file.write("\n".join(out + ["</svg>", ""]))


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def number(power):
    return f"{10**power:,}" if power >= 0 else f"{10**power:.{-power}f}"


def line(x, y, to_x, to_y, color):
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{color}"/>'


def text(x, y, words, anchor, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{html.escape(words)}</text>'
