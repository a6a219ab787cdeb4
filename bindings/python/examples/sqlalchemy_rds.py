"""SQLAlchemy on RDS: each new connection of the engine's pool logs in with a fresh token.

Usage: sqlalchemy_rds.py HOST PORT DATABASE USER REGION AUTHORITY

AWS keys come from the default chain. AUTHORITY is the file of RDS's certificate authorities,
https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem. Without code it is one URL, wherever one
can be configured:
postgresql+psycopg://USER@HOST:PORT/DATABASE?sslrootcert=AUTHORITY&plugin=keyrotor&keyrotor_region=REGION
"""

from __future__ import annotations

import sys

import keyrotor
import keyrotor.sqlalchemy
from sqlalchemy import URL, Engine, create_engine, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The tables of this example."""


class Order(Base):
    """What somebody ordered."""

    __tablename__ = "example_orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[str]


def place_order(engine: Engine, article: str) -> int:
    """Notes an order; how many there are."""
    with Session(engine) as session:
        session.add(Order(article=article))
        session.commit()
        return session.scalar(select(func.count()).select_from(Order)) or 0


def main(host: str, port: str, database: str, user: str, region: str, authority: str) -> None:
    """Places an order, has every connection log in anew, and places another."""
    url = URL.create("postgresql+psycopg", user, None, host, int(port), database, {"sslrootcert": authority})
    engine = create_engine(url, pool_pre_ping=True)
    credentials = keyrotor.Rds(host=host, port=int(port), username=user, region=region)
    with keyrotor.sqlalchemy.install(engine, credentials) as manager:
        Base.metadata.create_all(engine)
        print("orders:", place_order(engine, "a book"))
        # What would happen by itself: a new token, and new connections.
        manager.refresh()
        engine.dispose()
        print("orders:", place_order(engine, "another book"))
        with engine.connect() as connection:
            print("logged in as", connection.scalar(text("SELECT current_user")))
        print("tokens:", manager.status()["generation"])
        engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
