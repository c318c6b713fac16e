#!/usr/bin/env python3
"""Makes sample.csv.gz: six weeks of logins to invented accounts, with attacks among them. Needs only Python 3.9.

    python3 make_sample.py [--seed 11] [--output sample.csv.gz]

The same seed makes the same logins. People log in from a few devices and addresses; they mistype passwords, travel,
buy telephones, use VPNs, and share the addresses of offices and mobile carriers. Of the attackers

  stuffing   tries stolen passwords of many accounts from one address within minutes; few are right
  trickle    does the same over a day from many addresses, a handful of accounts each
  takeover   has one account's password, and comes with a device and from a country that the account has not seen
  travel     has copied the session of one account, device and all, and is far away a short time after its owner

`attack` is true for every login of theirs, right password or not; `kind` says which, and no pipeline reads it. A few
events are broken: they lack the account, or lie beyond the poles.
"""

import argparse
import csv
import datetime
import gzip
import io
import math
import random
from pathlib import Path

START = datetime.datetime(2025, 3, 3, tzinfo=datetime.timezone.utc)
DAYS = 42
ACCOUNTS = 600
HOUR, DAY = 3600.0, 86400.0
BROKEN = 5000
COLUMNS = [
    "login_id", "at", "account", "ip", "device", "country", "latitude", "longitude", "method", "success", "attack",
    "kind",
]  # fmt: skip
# Country, latitude and longitude of some cities, how many of the accounts live in the country.
PLACES = {
    "NL": ([(52.37, 4.90), (51.92, 4.48), (52.09, 5.12)], 30),
    "DE": ([(52.52, 13.41), (48.14, 11.58), (50.11, 8.68)], 25),
    "BE": ([(50.85, 4.35), (51.22, 4.40)], 12),
    "FR": ([(48.86, 2.35), (45.76, 4.84)], 12),
    "GB": ([(51.51, -0.13), (53.48, -2.24)], 10),
    "ES": ([(40.42, -3.70), (41.39, 2.17)], 5),
    "PL": ([(52.23, 21.01), (50.06, 19.94)], 4),
    "US": ([(40.71, -74.01), (37.77, -122.42)], 2),
    "BR": ([(-23.55, -46.63)], 0),
    "NG": ([(6.52, 3.38)], 0),
    "VN": ([(10.82, 106.63), (21.03, 105.85)], 0),
    "RU": ([(55.76, 37.62)], 0),
    "ID": ([(-6.21, 106.85)], 0),
}
FAR = ["US", "BR", "NG", "VN", "RU", "ID"]
# Of the mean rate, by the hour of the day.
HOURS = [2, 1, 1, 1, 1, 3, 7, 11, 14, 13, 11, 10, 10, 10, 9, 9, 9, 10, 11, 12, 12, 10, 7, 4]


class Draw(random.Random):
    """Random numbers, made of `random()` alone, whose sequence Python keeps from version to version."""

    def below(self, count):
        return int(self.random() * count)

    def one(self, values):
        return values[self.below(len(values))]

    def span(self, low, high):
        return low + (high - low) * self.random()

    def wait(self, mean):
        return -math.log(1.0 - self.random()) * mean

    def weighted(self, weights):
        left = self.random() * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        return len(weights) - 1


class Account:
    """Somebody with habits."""

    def __init__(self, world, number):
        draw = world.draw
        self.name = f"a{number:04}"
        self.country = list(PLACES)[draw.weighted([weight for _, weight in PLACES.values()])]
        self.city = draw.one(PLACES[self.country][0])
        self.devices = [world.device() for _ in range(1 + draw.weighted([5, 4, 1]))]
        self.home = world.address()
        self.office = draw.one(world.offices) if draw.random() < 0.4 else None
        self.method = ["password", "passkey", "sso"][draw.weighted([7, 2, 1])]
        self.per_day = 0.4 + draw.wait(1.2)
        self.mistypes = 0.02 + 0.1 * draw.random() ** 3
        self.vpn = draw.one(world.vpns) if draw.random() < 0.05 else None


class World:
    def __init__(self, seed):
        self.draw = Draw(seed)
        self.logins = []
        self.devices = 0
        self.offices = [self.address() for _ in range(12)]
        self.carriers = {country: [self.address() for _ in range(6)] for country in PLACES}
        self.vpns = [(self.address(), self.draw.one(["NL", "US", "GB"])) for _ in range(4)]
        self.accounts = [Account(self, number) for number in range(ACCOUNTS)]

    def device(self):
        self.devices += 1
        return f"d{self.devices:05}"

    def address(self):
        return f"{11 + self.draw.below(180)}.{self.draw.below(256)}.{self.draw.below(256)}.{1 + self.draw.below(254)}"

    def login(self, at, account, ip, device, place, method, success, kind=""):
        """Notes a login `at` so many seconds after the start; `place` is a country and a city."""
        country, (latitude, longitude) = place
        self.logins.append([at, account.name, ip, device, country, latitude, longitude, method, success, kind])

    def people(self):
        for account in self.accounts:
            self.person(account)

    def person(self, account):
        """All logins of one account: by the hour of its days, fewer on Sundays, with journeys and new devices."""
        draw = self.draw
        away_until, away = -1.0, None
        place, ready = (account.country, account.city), 0.0
        for day in range(DAYS):
            if away is None and draw.random() < 0.012:
                country = list(PLACES)[draw.weighted([weight + 3 for _, weight in PLACES.values()])]
                away, away_until = (country, draw.one(PLACES[country][0])), (day + 2 + draw.below(7)) * DAY
                hotel = self.address()
            elif away is not None and day * DAY > away_until:
                away = None
            if draw.random() < 1 / 150:
                account.devices = account.devices[-1:] + [self.device()]
            rate = account.per_day * (0.6 if (START + datetime.timedelta(days=day)).weekday() == 6 else 1.0)
            for _ in range(int(rate) + (draw.random() < rate % 1)):
                now = (account.country, account.city) if away is None else away
                at = day * DAY + draw.weighted(HOURS) * HOUR + draw.random() * HOUR
                at = max(at, ready)
                if now != place:
                    at += 5 * HOUR + 9 * HOUR * (now[0] in FAR or place[0] in FAR)
                    place = now
                if at >= DAYS * DAY:
                    continue
                ip = account.home if away is None else hotel
                spot, kind_of_address = now, draw.random()
                if account.vpn and kind_of_address < 0.3:
                    ip, country = account.vpn
                    spot = (country, PLACES[country][0][0])
                elif kind_of_address < 0.55:
                    ip = draw.one(self.carriers[now[0]])
                elif kind_of_address < 0.75 and account.office and away is None:
                    ip = account.office
                ready = self.sitting(account, at, ip, spot)

    def sitting(self, account, at, ip, spot):
        """Tries until the password is right, or the patience is over."""
        draw = self.draw
        device = draw.one(account.devices)
        method = account.method if draw.random() < 0.93 else "password"
        wrong = account.mistypes if method == "password" else 0.004
        for attempt in range(6):
            success = draw.random() >= (wrong if attempt == 0 else 0.3)
            self.login(at, account, ip, device, spot, method, success)
            at += draw.span(6, 45)
            if success:
                break
        return at + 60

    def attacks(self):
        draw = self.draw
        # A week with some, two without waves, two with much.
        weeks = [(7, 14, 3, 1, 8, 4), (14, 28, 0, 0, 14, 8), (28, 42, 6, 3, 40, 25)]
        for first, last, stuffing, trickles, takeovers, travels in weeks:
            for _ in range(stuffing):
                self.stuffing(draw.span(first, last) * DAY)
            for _ in range(trickles):
                self.trickle((first + draw.below(last - first)) * DAY)
            for _ in range(takeovers):
                self.takeover(draw.span(first, last) * DAY)
            for _ in range(travels):
                self.travel(first * DAY, last * DAY)

    def abroad(self, account):
        country = self.draw.one([country for country in FAR if country != account.country])
        return country, self.draw.one(PLACES[country][0])

    def chosen(self, count):
        accounts = list(self.accounts)
        return [accounts.pop(self.draw.below(len(accounts))) for _ in range(count)]

    def stuffing(self, at):
        draw = self.draw
        ip, devices, country = self.address(), [self.device() for _ in range(3)], draw.one(FAR)
        place = (country, draw.one(PLACES[country][0]))
        for account in self.chosen(60 + draw.below(120)):
            at += draw.wait(6)
            self.login(at, account, ip, draw.one(devices), place, "password", draw.random() < 0.02, "stuffing")

    def trickle(self, start):
        draw = self.draw
        for _ in range(20):
            ip, device, country = self.address(), self.device(), draw.one(list(PLACES))
            place = (country, draw.one(PLACES[country][0]))
            at = start + draw.random() * 20 * HOUR
            for account in self.chosen(3 + draw.below(4)):
                at += draw.wait(600)
                self.login(at, account, ip, device, place, "password", draw.random() < 0.02, "trickle")

    def takeover(self, at):
        draw = self.draw
        account, ip, device = draw.one(self.accounts), self.address(), self.device()
        place = self.abroad(account)
        for _ in range(draw.below(2)):
            self.login(at, account, ip, device, place, "password", False, "takeover")
            at += draw.span(10, 60)
        for _ in range(1 + draw.below(3)):
            self.login(at, account, ip, device, place, "password", True, "takeover")
            at += draw.wait(2 * HOUR)

    def travel(self, first, last):
        """After a successful login of the owner, whose device it seems to be."""
        draw = self.draw
        owner = draw.one([row for row in self.logins if first <= row[0] < last and row[8] and not row[9]])
        account = self.accounts[int(owner[1][1:])]
        place = self.abroad(account)
        at = owner[0] + draw.span(300, 1.5 * HOUR)
        self.login(at, account, self.address(), owner[3], place, owner[7], True, "travel")

    def rows(self):
        """In the order of time, no two at one millisecond; a few addresses have no known place."""
        self.logins.sort(key=lambda row: row[0])
        unplaced = {row[2] for row in self.logins if self.draw.random() < 0.002}
        last, number = -1, 0
        for seconds, account, ip, device, country, latitude, longitude, method, success, kind in self.logins:
            if seconds >= DAYS * DAY:
                continue
            last, number = max(int(seconds * 1000), last + 1), number + 1
            at = START + datetime.timedelta(milliseconds=last)
            place = ["", ""] if ip in unplaced else [f"{latitude:.2f}", f"{longitude:.2f}"]
            if number % BROKEN == 0 and not kind:
                account, place = (account, ["123.45", "0.00"]) if number % (2 * BROKEN) else ("", place)
            yield [
                number, at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{last % 1000:03}Z", account, ip, device, country, *place,
                method, str(success).lower(), str(bool(kind)).lower(), kind,
            ]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("sample.csv.gz"))
    options = parser.parse_args()
    world = World(options.seed)
    world.people()
    world.attacks()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(world.rows())
    options.output.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
