"""Draws indoor objects: kitchen, home, electronics, music, books."""

from __future__ import annotations

from qlatent.demo.pen import CREAM, GLASS, INK, LEAF, METAL, WOOD, Pen


def mug(pen: Pen) -> None:
    pen.ring((58, 36, 88, 74), 9)
    pen.blob([(16, 22), (72, 22), (71, 78), (62, 94), (27, 94), (17, 78)])
    pen.ellipse((16, 14, 72, 28), (94, 60, 40))
    pen.ring((16, 14, 72, 28), 3, "body")
    pen.shine([(25, 36), (24, 60), (28, 80)], 4)


def teapot(pen: Pen) -> None:
    pen.curve([(24, 42), (4, 44), (8, 70), (26, 74)], 8, "main")
    pen.polygon([(70, 78), (86, 38), (98, 34), (95, 46), (80, 88)], "accent")
    pen.blob([(30, 36), (68, 36), (84, 62), (72, 92), (27, 92), (15, 62)])
    pen.ellipse((30, 28, 68, 42), "accent")
    pen.ellipse((44, 16, 54, 28), "accent")
    pen.shine([(26, 54), (24, 66), (30, 80)], 4)


def lamp(pen: Pen) -> None:
    pen.box((46, 46, 54, 86), METAL, radius=2)
    pen.blob([(50, 54), (64, 70), (66, 88), (34, 88), (36, 70)], "accent")
    pen.box((30, 88, 70, 95), "accent", radius=3)
    pen.polygon([(32, 6), (68, 6), (90, 54), (10, 54)])
    pen.shine([(34, 16), (22, 46)], 4)


def chair(pen: Pen) -> None:
    for x in (24, 76):
        pen.box((x - 4, 56, x + 4, 96), WOOD, radius=2)
    for x in (34, 66):
        pen.box((x - 3, 60, x + 3, 88), WOOD, radius=2)
    pen.box((22, 4, 78, 52), "body", radius=9)
    pen.blob([(18, 54), (50, 49), (82, 54), (84, 64), (50, 70), (16, 64)], "accent")


def vase(pen: Pen) -> None:
    for x, y in ((34, 10), (50, 3), (66, 10)):
        pen.curve([(50, 34), ((50 + x) / 2, 22), (x, y + 6)], 2, LEAF)
        pen.ellipse((x - 6, y - 2, x + 6, y + 10), CREAM)
        pen.ellipse((x - 2, y + 2, x + 2, y + 6), (240, 190, 70))
    pen.blob([(42, 40), (58, 40), (80, 62), (66, 94), (34, 94), (20, 62)])
    pen.box((36, 26, 64, 45), "accent", radius=5)
    pen.shine([(32, 56), (29, 66), (36, 84)], 4)


def clock(pen: Pen) -> None:
    for x in (26, 74):
        pen.stroke([(x, 84), (x - 6 if x < 50 else x + 6, 95)], 6, "accent")
        pen.ellipse((x - 16, 4, x + 16, 32), "accent")
    pen.ellipse((12, 14, 88, 90))
    pen.ellipse((26, 28, 74, 76), CREAM)
    pen.stroke([(50, 52), (50, 36)], 2.5, INK)
    pen.stroke([(50, 52), (61, 58)], 2.5, INK)
    for x, y in ((50, 31), (50, 73), (29, 52), (71, 52)):
        pen.ellipse((x - 1, y - 1, x + 1, y + 1), INK)


def cushion(pen: Pen) -> None:
    for x, y in ((8, 20), (92, 20), (8, 92), (92, 92)):
        pen.ellipse((x - 8, y - 8, x + 8, y + 8), "accent")
    pen.blob([(8, 20), (50, 26), (92, 20), (87, 56), (92, 92), (50, 87), (8, 92), (13, 56)])
    pen.shine([(22, 34), (19, 54), (21, 70)], 4)


def plant_pot(pen: Pen) -> None:
    for tip in ((18, 22), (34, 6), (50, 2), (66, 6), (82, 22)):
        middle = ((50 + tip[0]) / 2 - 7, (52 + tip[1]) / 2), ((50 + tip[0]) / 2 + 7, (52 + tip[1]) / 2)
        pen.blob([(50, 54), middle[0], tip, middle[1]], LEAF)
    pen.polygon([(22, 56), (78, 56), (69, 95), (31, 95)])
    pen.box((16, 46, 84, 61), "accent", radius=4)


def phone(pen: Pen) -> None:
    pen.box((24, 3, 76, 96), "body", radius=10)
    pen.box((29, 8, 55, 34), "accent", radius=8)
    for x, y in ((36, 15), (48, 15), (42, 27)):
        pen.ellipse((x - 4.5, y - 4.5, x + 4.5, y + 4.5), INK)
        pen.ellipse((x - 2, y - 2, x, y), GLASS)
    pen.shine([(70, 14), (70, 50)], 3)


def headphones(pen: Pen) -> None:
    pen.curve([(16, 66), (14, 34), (34, 11), (66, 11), (86, 34), (84, 66)], 11, "main")
    for left in (8, 70):
        pen.ellipse((left, 50, left + 22, 94))
        inner = left + 13 if left < 50 else left - 9
        pen.ellipse((inner, 52, inner + 18, 92), "accent")
    pen.shine([(24, 32), (36, 20), (50, 16)], 3)


def camera(pen: Pen) -> None:
    pen.box((30, 14, 66, 34), METAL, radius=4)
    pen.box((12, 18, 24, 30), "accent", radius=2)
    pen.box((4, 26, 96, 90), "body", radius=9)
    pen.ellipse((26, 30, 76, 80), "accent")
    pen.ellipse((35, 39, 67, 71), INK)
    pen.ellipse((41, 45, 61, 65), (70, 92, 128))
    pen.ellipse((44, 47, 51, 54), GLASS)
    pen.box((79, 32, 90, 41), GLASS, radius=2)


def radio(pen: Pen) -> None:
    pen.stroke([(76, 34), (92, 4)], 2.5, METAL)
    pen.curve([(20, 36), (24, 20), (62, 20), (66, 36)], 5, METAL)
    pen.box((4, 34, 96, 92), "body", radius=10)
    pen.ellipse((10, 40, 54, 84), "accent")
    for r in (15, 9, 3):
        pen.ring((32 - r, 62 - r, 32 + r, 62 + r), 1.4, INK)
    pen.box((60, 42, 90, 56), CREAM, radius=2)
    pen.ellipse((60, 64, 74, 78), METAL)
    pen.ellipse((77, 64, 91, 78), METAL)


def guitar(pen: Pen) -> None:
    pen.box((45, 10, 55, 62), "accent", radius=2)
    pen.box((41, 2, 59, 16), "accent", radius=3)
    pen.blob([(50, 44), (68, 46), (67, 60), (78, 76), (66, 95), (34, 95), (22, 76), (33, 60), (32, 46)])
    pen.ellipse((41, 56, 59, 74), INK)
    pen.box((45, 14, 55, 58), "accent", radius=1)
    pen.box((38, 82, 62, 87), "accent", radius=2)
    for x in (47.5, 50, 52.5):
        pen.stroke([(x, 14), (x, 84)], 0.4, METAL)


def drum(pen: Pen) -> None:
    pen.polygon([(8, 60), (92, 60), (92, 84), (76, 92), (50, 96), (24, 92), (8, 84)], "accent")
    pen.polygon([(10, 30), (90, 30), (90, 74), (75, 82), (50, 86), (25, 82), (10, 74)])
    pen.ellipse((8, 14, 92, 46), "accent")
    pen.ellipse((14, 18, 86, 41), CREAM)
    pen.stroke([(34, 28), (82, 4)], 3.5, WOOD)
    pen.stroke([(60, 32), (96, 14)], 3.5, WOOD)


def book(pen: Pen) -> None:
    pen.box((22, 12, 88, 95), CREAM, radius=3)
    pen.box((18, 6, 84, 89), "body", radius=4)
    pen.box((14, 6, 30, 93), "accent", radius=4)
    pen.box((42, 22, 74, 42), CREAM, radius=2)
    pen.stroke([(47, 29), (69, 29)], 1.5, INK)
    pen.stroke([(47, 35), (63, 35)], 1.5, INK)
