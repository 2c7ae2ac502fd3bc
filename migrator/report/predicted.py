"""Numbers tell who explains a difference: recorded and now, original and translation, predicted and after."""

from __future__ import annotations

from migrator.contracts.predictions import Prediction, Verdict
from migrator.report.sentences import unforeseen_of
from migrator.report.words import Words


def who_explains(prediction: Prediction | None, after: int | None, words: Words) -> str:
    """What data, translation and service each have to do with a segment's numbers; empty where nothing was predicted.

    Args:
        prediction: who will be in it.
        after: the members that the organisation counted after the loading; None before it.
        words: of the report.
    """
    if prediction is None:
        return ""
    if prediction.verdict is Verdict.UNKNOWN:
        return words("predict_not", why=unforeseen_of(prediction.note, words))
    return f"{words.semicolon} ".join(
        filter(None, (_data(prediction, words), _translation(prediction, words), _service(prediction, after, words)))
    )


def _data(prediction: Prediction, words: Words) -> str:
    if prediction.recorded is None:
        return ""
    if prediction.recorded == prediction.legacy:
        return words("predict_no_data")
    return words("predict_data", recorded=prediction.recorded, now=prediction.legacy)


def _translation(prediction: Prediction, words: Words) -> str:
    if prediction.missing or prediction.surplus:
        return words("predict_translation", missing=prediction.missing, surplus=prediction.surplus)
    gone = [
        words.many(f"reason_{kind}", count)
        for kind, count in (("inactive", prediction.inactive), ("deleted", prediction.deleted))
        if count
    ]
    return words("predict_but", why=", ".join(gone)) if gone else words("predict_no_translation")


def _service(prediction: Prediction, after: int | None, words: Words) -> str:
    if after is None:
        return ""
    if after == prediction.predicted:
        return words("predict_no_service")
    return words("predict_service", after=after, predicted=prediction.predicted)
