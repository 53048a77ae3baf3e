"""All systems of the twin, in the order in which they are asked."""

from spark_jobs.demo.twin.systems.app import App
from spark_jobs.demo.twin.systems.base import SourceSystem
from spark_jobs.demo.twin.systems.business import Business
from spark_jobs.demo.twin.systems.consents import Consents
from spark_jobs.demo.twin.systems.conversations import Calls, Wecom
from spark_jobs.demo.twin.systems.live import Live
from spark_jobs.demo.twin.systems.loyalty import Loyalty
from spark_jobs.demo.twin.systems.marketing import Ads, Campaigns, Partners
from spark_jobs.demo.twin.systems.masters import Products, Stores, Weather
from spark_jobs.demo.twin.systems.mini import Mini
from spark_jobs.demo.twin.systems.oms import Oms
from spark_jobs.demo.twin.systems.pos import Pos
from spark_jobs.demo.twin.systems.service import Delivery, Reviews, Tickets
from spark_jobs.demo.twin.systems.shelf import Shelf
from spark_jobs.demo.twin.systems.web import Web

SYSTEMS: tuple[type[SourceSystem], ...] = (
    Stores, Products, Loyalty, Pos, Oms, Business, App, Mini, Web, Live, Calls, Wecom, Delivery, Tickets, Reviews, Campaigns, Ads, Partners, Shelf,
    Weather, Consents,
)  # fmt: skip
