"""ISO 4217: the currency codes that an amount may have."""

# In use, with the codes of funds and precious metals. XXX (no currency) and XTS (for tests) say nothing about an amount and are left out.
_CURRENT = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC
CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS
KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB
PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG
"""
# Withdrawn since 1990: orders of those years have them.
_WITHDRAWN = """
ADP AFA ANG AOK AON AOR ARA ATS AZM BAD BEF BGL BRE BRR BYB BYR CSD CSK CUC CYP DDM DEM ECS EEK ESP FIM FRF GEK GHC GRD GWP HRD HRK IEP ITL LTL
LTT LUF LVL LVR MGF MRO MTL MXP MZM NIC NLG PEI PLZ PTE ROL RUR SDD SDP SIT SKK SLL SRG STD SUR TJR TMM TPE TRL UAK UYP VEB VEF YDD YUM YUN ZMK
ZRN ZRZ ZWD ZWL ZWR
"""
CURRENCIES = frozenset((_CURRENT + _WITHDRAWN).split())


def check_currency(value: str | None) -> str | None:
    """An ISO 4217 code, in capitals and without blanks around it.

    Raises:
        ValueError: it is none.
    """
    if value is None:
        return None
    code = value.strip().upper()
    if code not in CURRENCIES:
        raise ValueError(f"{value!r} is no ISO 4217 currency code; give three letters such as EUR")
    return code
