"""Draws outdoor objects: sports, fashion, toys."""

from __future__ import annotations

from qlatent.demo.pen import CREAM, GLASS, INK, METAL, WOOD, Pen


def bicycle(pen: Pen) -> None:
    for left in (1, 59):
        pen.ring((left + 3, 52, left + 37, 86), 4, INK)
        for x, y in ((20, 51), (20, 87)):
            pen.stroke([(left + 20, 69), (left + x, y)], 0.4, METAL)
    frame, stay, fork = (
        [(21, 69), (38, 40), (68, 40), (46, 69)],
        [(21, 69), (46, 69), (36, 34)],
        [(79, 69), (66, 28)],
    )
    for bar in (frame, stay, fork):
        pen.stroke(bar, 7, "body")
    pen.curve([(66, 28), (74, 22), (84, 28)], 5)
    pen.blob([(22, 28), (36, 25), (48, 30), (36, 35), (25, 35)], "accent")
    pen.ellipse((41, 64, 51, 74), METAL)
    pen.box((4, 40, 30, 56), "body", radius=3)


def skateboard(pen: Pen) -> None:
    for x, y in ((20, 80), (42, 74), (68, 65), (88, 58)):
        pen.ellipse((x - 9, y - 9, x + 9, y + 13), "accent")
        pen.ellipse((x - 4, y - 1, x + 4, y + 7), METAL)
    pen.blob(
        [(2, 62), (10, 47), (50, 32), (86, 20), (98, 25), (97, 42), (84, 56), (50, 69), (16, 80), (4, 75)]
    )
    for x, y in ((22, 57), (29, 65), (74, 38), (81, 45)):
        pen.ellipse((x - 1.6, y - 1.6, x + 1.6, y + 1.6), METAL)


def ball(pen: Pen) -> None:
    pen.ellipse((8, 10, 92, 94))
    pen.polygon([(10, 42), (90, 42), (92, 52), (90, 62), (10, 62), (8, 52)], "accent")
    pen.ring((8, 10, 92, 94), 1.5, INK)
    pen.shine([(24, 36), (34, 24), (44, 19)], 5)


def kite(pen: Pen) -> None:
    pen.curve([(50, 70), (40, 80), (58, 88), (46, 98)], 2, INK)
    for x, y in ((43, 80), (54, 87), (48, 96)):
        pen.polygon([(x - 9, y - 5), (x, y), (x - 9, y + 5)], "accent")
        pen.polygon([(x + 9, y - 5), (x, y), (x + 9, y + 5)], "accent")
    pen.polygon([(50, 2), (88, 32), (50, 74), (12, 32)])
    pen.stroke([(50, 4), (50, 72)], 1.5, INK)
    pen.stroke([(14, 32), (86, 32)], 1.5, INK)


def sneaker(pen: Pen) -> None:
    pen.blob(
        [(6, 34), (20, 42), (34, 32), (44, 36), (62, 58), (90, 66), (95, 82), (50, 86), (6, 84), (4, 60)]
    )
    pen.blob([(14, 36), (24, 43), (36, 33), (30, 28), (18, 28)], INK)
    for x, y in ((44, 42), (51, 50), (58, 57)):
        pen.stroke([(x - 5, y + 7), (x + 5, y - 1)], 2.5, CREAM)
    pen.box((3, 78, 97, 92), "accent", radius=6)
    pen.blob([(10, 52), (20, 56), (20, 72), (10, 74)], "accent")


def handbag(pen: Pen) -> None:
    pen.curve([(26, 42), (28, 12), (50, 3), (72, 12), (74, 42)], 7)
    pen.polygon([(14, 36), (86, 36), (95, 94), (5, 94)])
    pen.blob([(14, 36), (86, 36), (84, 54), (50, 64), (16, 54)], "accent")
    pen.box((44, 56, 56, 70), (232, 196, 90), radius=2)


def t_shirt(pen: Pen) -> None:
    pen.polygon([(28, 10), (2, 30), (14, 50), (32, 40)], "accent")
    pen.polygon([(72, 10), (98, 30), (86, 50), (68, 40)], "accent")
    pen.polygon([(28, 10), (40, 8), (60, 8), (72, 10), (75, 95), (25, 95)])
    pen.blob([(38, 7), (62, 7), (58, 17), (50, 20), (42, 17)], "accent")
    pen.ellipse((42, 3, 58, 14), INK)


def hat(pen: Pen) -> None:
    pen.blob([(2, 76), (26, 70), (74, 70), (98, 76), (84, 90), (50, 94), (16, 90)])
    pen.blob([(26, 76), (28, 34), (42, 22), (50, 26), (58, 22), (72, 34), (74, 76), (50, 82)])
    pen.polygon([(26, 58), (50, 64), (74, 58), (74.5, 74), (50, 81), (25.5, 74)], "accent")


def umbrella(pen: Pen) -> None:
    pen.stroke([(50, 4), (50, 60)], 2.5, METAL)
    pen.curve([(50, 52), (50, 86), (57, 95), (67, 92), (68, 82)], 6.5)
    dome, hem = (
        [(8, 32), (26, 14), (50, 8), (74, 14), (92, 32)],
        [(81, 47), (66, 52), (50, 47), (34, 52), (19, 47)],
    )
    pen.polygon([(4, 52), *dome, (96, 52), *hem])
    for x in (34, 66):
        pen.curve([(50, 9), ((50 + x) / 2 + (x - 50) * 0.35, 26), (x, 50)], 0.6, INK)
    pen.ellipse((47, 2, 53, 9), "accent")


def watch(pen: Pen) -> None:
    pen.box((34, 2, 66, 40), "accent", radius=5)
    pen.box((34, 64, 66, 98), "accent", radius=5)
    pen.ellipse((14, 16, 86, 86))
    pen.box((86, 46, 93, 56), METAL, radius=2)
    pen.ellipse((28, 30, 72, 72), CREAM)
    pen.stroke([(50, 51), (50, 37)], 2.5, INK)
    pen.stroke([(50, 51), (60, 57)], 2.5, INK)


def toy_car(pen: Pen) -> None:
    pen.polygon([(24, 50), (36, 24), (70, 24), (84, 50)], "accent")
    pen.polygon([(33, 48), (40, 31), (51, 31), (51, 48)], GLASS)
    pen.polygon([(56, 48), (56, 31), (67, 31), (75, 48)], GLASS)
    pen.blob([(4, 56), (24, 47), (80, 47), (96, 56), (98, 76), (90, 82), (10, 82), (2, 76)])
    for x in (25, 75):
        pen.ellipse((x - 13, 68, x + 13, 94), INK)
        pen.ellipse((x - 6, 75, x + 6, 87), METAL)
    pen.ellipse((90, 58, 97, 66), (250, 226, 130))
    pen.box((2, 70, 12, 75), WOOD, radius=1)
