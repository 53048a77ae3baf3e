"""What the twin sells: departments, categories with their economics, and the products within them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from spark_jobs.demo.twin.draws import Draws, Floats
from spark_jobs.demo.twin.frame import Frame

# department | its Chinese name
DEPARTMENTS = (
    ("vegetables", "蔬菜"), ("fruit", "水果"), ("meat", "肉禽"), ("seafood", "水产"), ("dairy_eggs", "乳品蛋类"), ("bakery", "烘焙"),
    ("ready_meals", "即食"), ("frozen", "冷冻"), ("pantry", "粮油副食"), ("drinks", "酒水饮料"), ("baby", "母婴"),
    ("household", "家居清洁"), ("gifts", "礼盒"),
)  # fmt: skip

# category | Chinese name | department | price in fen | sold by weight | shelf life in days | days between purchases | popularity |
# health score 0 to 1 | share organic | share imported
_CATEGORIES = """
leafy_greens | 叶菜 | vegetables | 680 | 1 | 3 | 5 | 1.0 | 0.95 | 0.30 | 0.00
root_vegetables | 根茎菜 | vegetables | 520 | 1 | 10 | 9 | 0.8 | 0.85 | 0.20 | 0.00
nightshades | 茄果瓜类 | vegetables | 840 | 1 | 6 | 6 | 0.9 | 0.90 | 0.25 | 0.00
mushrooms | 菌菇 | vegetables | 1380 | 1 | 5 | 10 | 0.5 | 0.90 | 0.20 | 0.00
apples_pears | 苹果梨 | fruit | 1180 | 1 | 14 | 8 | 0.7 | 0.85 | 0.15 | 0.15
citrus | 柑橘 | fruit | 1050 | 1 | 10 | 8 | 0.6 | 0.90 | 0.10 | 0.20
berries | 莓果 | fruit | 3980 | 0 | 3 | 12 | 0.4 | 0.95 | 0.25 | 0.35
tropical_fruit | 热带水果 | fruit | 1680 | 1 | 5 | 11 | 0.5 | 0.80 | 0.05 | 0.60
melons | 瓜类 | fruit | 620 | 1 | 6 | 12 | 0.5 | 0.80 | 0.05 | 0.05
pork | 猪肉 | meat | 3280 | 1 | 3 | 7 | 0.9 | 0.50 | 0.10 | 0.02
beef | 牛肉 | meat | 8800 | 1 | 4 | 14 | 0.45 | 0.55 | 0.10 | 0.45
poultry | 禽肉 | meat | 2680 | 1 | 3 | 10 | 0.6 | 0.65 | 0.15 | 0.02
fish | 鱼类 | seafood | 4280 | 1 | 2 | 11 | 0.5 | 0.85 | 0.05 | 0.25
shrimp | 虾蟹 | seafood | 7900 | 1 | 2 | 18 | 0.35 | 0.75 | 0.05 | 0.40
milk | 牛奶 | dairy_eggs | 1490 | 0 | 12 | 6 | 0.9 | 0.75 | 0.20 | 0.15
yogurt | 酸奶 | dairy_eggs | 1280 | 0 | 18 | 7 | 0.7 | 0.70 | 0.10 | 0.10
cheese | 奶酪 | dairy_eggs | 2890 | 0 | 60 | 25 | 0.25 | 0.50 | 0.05 | 0.70
eggs | 鸡蛋 | dairy_eggs | 1890 | 0 | 25 | 9 | 0.9 | 0.80 | 0.30 | 0.00
bread | 面包 | bakery | 1180 | 0 | 4 | 6 | 0.6 | 0.40 | 0.05 | 0.02
cakes | 蛋糕 | bakery | 3600 | 0 | 3 | 28 | 0.3 | 0.10 | 0.00 | 0.02
prepared_dishes | 预制菜 | ready_meals | 3280 | 0 | 5 | 12 | 0.5 | 0.35 | 0.00 | 0.00
salads | 轻食沙拉 | ready_meals | 2480 | 0 | 2 | 8 | 0.3 | 0.95 | 0.20 | 0.00
dumplings | 速冻水饺 | frozen | 2190 | 0 | 180 | 20 | 0.5 | 0.35 | 0.00 | 0.00
ice_cream | 冰淇淋 | frozen | 1680 | 0 | 365 | 22 | 0.35 | 0.05 | 0.00 | 0.20
rice | 大米 | pantry | 5990 | 0 | 365 | 38 | 0.6 | 0.60 | 0.20 | 0.10
noodles | 面条 | pantry | 980 | 0 | 365 | 18 | 0.5 | 0.45 | 0.05 | 0.05
cooking_oil | 食用油 | pantry | 7680 | 0 | 540 | 52 | 0.5 | 0.30 | 0.05 | 0.20
sauces | 调味品 | pantry | 1480 | 0 | 540 | 33 | 0.55 | 0.30 | 0.05 | 0.10
snacks | 休闲零食 | pantry | 1280 | 0 | 180 | 8 | 0.7 | 0.08 | 0.00 | 0.25
nuts | 坚果 | pantry | 3380 | 0 | 240 | 24 | 0.4 | 0.70 | 0.05 | 0.30
water | 饮用水 | drinks | 1290 | 0 | 540 | 10 | 0.5 | 0.70 | 0.00 | 0.10
juice | 果汁 | drinks | 1580 | 0 | 60 | 14 | 0.4 | 0.40 | 0.05 | 0.15
tea | 茶叶 | drinks | 5800 | 0 | 540 | 45 | 0.25 | 0.75 | 0.10 | 0.02
beer | 啤酒 | drinks | 3680 | 0 | 240 | 16 | 0.35 | 0.05 | 0.00 | 0.30
wine | 葡萄酒 | drinks | 9800 | 0 | 1800 | 40 | 0.15 | 0.15 | 0.02 | 0.70
infant_formula | 婴儿奶粉 | baby | 26800 | 0 | 540 | 15 | 0.8 | 0.60 | 0.10 | 0.55
nappies | 纸尿裤 | baby | 9900 | 0 | 1000 | 20 | 0.8 | 0.50 | 0.00 | 0.30
tissue | 纸品 | household | 2690 | 0 | 1000 | 24 | 0.7 | 0.50 | 0.00 | 0.00
detergent | 清洁剂 | household | 3480 | 0 | 1000 | 46 | 0.5 | 0.40 | 0.00 | 0.05
pet_food | 宠物粮 | household | 8600 | 0 | 365 | 28 | 0.6 | 0.50 | 0.02 | 0.40
gift_boxes | 礼盒 | gifts | 16800 | 0 | 120 | 60 | 0.12 | 0.40 | 0.05 | 0.25
festival_food | 节令食品 | gifts | 9900 | 0 | 60 | 60 | 0.15 | 0.20 | 0.00 | 0.00
"""
_FIELDS = [tuple(part.strip() for part in line.split("|")) for line in _CATEGORIES.strip().splitlines()]
CATEGORIES = tuple(row[0] for row in _FIELDS)
CATEGORY_LABELS = tuple(row[1] for row in _FIELDS)
_ORIGINS = ("云南", "山东", "海南", "新疆", "四川", "广西", "东北", "江苏")
_IMPORTED = ("智利", "新西兰", "澳大利亚", "泰国", "挪威", "美国", "法国", "日本")
_BRANDS = ("田园", "鲜誉", "禾物", "山野集", "优选", "海之味", "晨光", "好年", "谷语", "清川", "臻味", "乐厨")


@dataclass(frozen=True, slots=True)
class Assortment:
    """Categories and products; products of a category lie one after the other, `per_category` of each."""

    categories: Frame  # category, department, price, by_weight, shelf_life, cycle, popularity, health
    products: Frame  # product, category, department, price (fen), cost (fen), popularity, by_weight, organic, imported, health, shelf_life
    names: pa.StringArray
    brands: pa.StringArray
    per_category: int

    def in_category(self, column: str) -> Floats:
        """A column of the products as a matrix: category × place within it."""
        matrix: Floats = self.products[column].astype(np.float64).reshape(len(self.categories), self.per_category)
        return matrix


def _categories() -> Frame:
    departments = [name for name, _ in DEPARTMENTS]
    numbers = np.array([[float(value) for value in row[3:]] for row in _FIELDS])
    names = ("price", "by_weight", "shelf_life", "cycle", "popularity", "health", "organic_share", "imported_share")
    columns = {name: numbers[:, place] for place, name in enumerate(names)}
    department = np.array([departments.index(row[2]) for row in _FIELDS])
    return Frame({"category": np.arange(len(_FIELDS)), "department": department, **columns})


def assortment(draws: Draws, per_category: int) -> Assortment:
    """The products of the twin: within a category they differ in price, origin, popularity and health."""
    categories = _categories()
    category = np.repeat(np.arange(len(categories)), per_category)
    product = np.arange(len(category))
    of = categories.take(category)
    organic = draws.happens(of["organic_share"], "product organic", product)
    imported = draws.happens(of["imported_share"], "product imported", product)
    level = np.exp(0.28 * draws.normal("product price", product) + 0.25 * organic + 0.30 * imported)
    price = np.maximum(90, np.round(of["price"] * level / 10) * 10 - 1).astype(np.int64)
    products = Frame({
        "product": product, "category": category, "department": of["department"], "price": price,
        "cost": np.round(price * draws.uniform("product cost", product) * 0.15 + price * 0.62).astype(np.int64),
        "popularity": draws.exponential(1.0, "product popularity", product) + 0.15,
        "by_weight": of["by_weight"].astype(np.bool_), "organic": organic, "imported": imported,
        "health": np.clip(of["health"] + 0.08 * draws.normal("product health", product) + 0.05 * organic, 0, 1),
        "shelf_life": of["shelf_life"].astype(np.int64),
    })  # fmt: skip
    brands = [_BRANDS[at] for at in draws.integers(0, len(_BRANDS), "product brand", product).tolist()]
    return Assortment(categories, products, _names(draws, products, brands), pa.array(brands, pa.string()), per_category)


def _names(draws: Draws, products: Frame, brands: list[str]) -> pa.StringArray:
    place = draws.integers(0, 8, "product origin", products["product"]).tolist()
    rows = zip(products["product"].tolist(), products["category"], products["organic"], products["imported"], place, brands, strict=True)
    names = [
        f"{brand}{'有机' if organic else ''}{(_IMPORTED if imported else _ORIGINS)[origin]}{CATEGORY_LABELS[category]}{1 + product % 100:02d}"
        for product, category, organic, imported, origin, brand in rows
    ]
    return pa.array(names, pa.string())


def product_numbers(products: np.ndarray) -> pa.StringArray:
    """The number by which systems name a product: eight digits, the first two its department. Null for −1."""
    import pyarrow.compute as pc

    codes = pa.array(np.where(products >= 0, 10_000_000 + products * 7, 0), mask=products < 0)
    return pc.cast(codes, pa.string())
