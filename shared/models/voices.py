"""The voices that Gemini Live speaks with, and what each says to let people hear it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    name: str
    description: str
    """Google's word for how it sounds."""


VOICES = (
    Voice("Zephyr", "Bright"),
    Voice("Puck", "Upbeat"),
    Voice("Charon", "Informative"),
    Voice("Kore", "Firm"),
    Voice("Fenrir", "Excitable"),
    Voice("Leda", "Youthful"),
    Voice("Orus", "Firm"),
    Voice("Aoede", "Breezy"),
    Voice("Callirrhoe", "Easy-going"),
    Voice("Autonoe", "Bright"),
    Voice("Enceladus", "Breathy"),
    Voice("Iapetus", "Clear"),
    Voice("Umbriel", "Easy-going"),
    Voice("Algieba", "Smooth"),
    Voice("Despina", "Smooth"),
    Voice("Erinome", "Clear"),
    Voice("Algenib", "Gravelly"),
    Voice("Rasalgethi", "Informative"),
    Voice("Laomedeia", "Upbeat"),
    Voice("Achernar", "Soft"),
    Voice("Alnilam", "Firm"),
    Voice("Schedar", "Even"),
    Voice("Gacrux", "Mature"),
    Voice("Pulcherrima", "Forward"),
    Voice("Achird", "Friendly"),
    Voice("Zubenelgenubi", "Casual"),
    Voice("Vindemiatrix", "Gentle"),
    Voice("Sadachbia", "Lively"),
    Voice("Sadaltager", "Knowledgeable"),
    Voice("Sulafat", "Warm"),
)
"""https://ai.google.dev/gemini-api/docs/speech-generation#voices"""

SAMPLES = {
    "en": "Hello, how can I help you?",
    "de": "Guten Tag, wie kann ich Ihnen helfen?",
    "es": "Hola, ¿en qué puedo ayudarle?",
    "fr": "Bonjour, comment puis-je vous aider ?",
    "it": "Buongiorno, come posso aiutarla?",
    "ja": "お電話ありがとうございます。ご用件をお伺いします。",
    "nl": "Goedendag, waarmee kan ik u helpen?",
    "pl": "Dzień dobry, w czym mogę pomóc?",
    "pt": "Olá, como posso ajudar?",
    "sv": "Hej, hur kan jag hjälpa dig?",
    "tr": "Merhaba, size nasıl yardımcı olabilirim?",
}
"""By primary language; in others a voice is heard in English."""


def sample_text(language: str) -> str:
    """`language` is a BCP 47 tag."""
    return SAMPLES.get(language.partition("-")[0].lower(), SAMPLES["en"])
