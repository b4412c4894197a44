"""The calculator of analysis/cost says in the browser what the functions say in Python."""

import json

import pytest

from llm_book.analysis.cost import (
    arithmetic_intensity,
    attainable_rate,
    attended_tokens,
    cache_bytes,
    forward_flops,
    key_value_numbers,
    matrix_weights,
    n_bytes,
    parameters,
    training_flops,
)
from llm_book.publishing.book import LANGUAGES, navigation

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        "analysis/cost.md" not in navigation("en"), reason="the page is not in the navigation yet"
    ),
]
GPT2 = {"model": "GPT-2 124M"}
LLAMA = {"model": "Llama-3-8B"}
SETTINGS = {
    "GPT-2": GPT2,
    "GPT-2 in float32": GPT2 | {"weight_dtype": "float32", "cache_dtype": "float32"},
    "Llama-3-8B at 8192 tokens": LLAMA | {"context": 8192},
    "many rows": LLAMA | {"context": 100, "batch_size": 512},
    "quantized": {"model": "Llama-2-7B", "weight_dtype": "int4", "cache_dtype": "int8"},
    "windows": {"model": "Gemma-3-270M", "context": 2000, "batch_size": 3},
    "own numbers": GPT2
    | {"dim": 30, "n_heads": 5, "n_kv_heads": 1, "head_dim": 7, "hidden_dim": 11, "vocab_size": 13}
    | {"n_layers": 3, "window": 4, "n_window_layers": 2, "rest": 1, "gated": True, "tied": False}
    | {"context": 9, "weight_dtype": "int4", "bandwidth": 0.5, "peak": 0.001},
}


@pytest.fixture(params=LANGUAGES)
def page(browser, address, request):
    page = browser.new_page()
    page.goto(f"{address}/{request.param}/analysis/cost/")
    yield page
    page.close()


def choose(page, settings):
    """Work the form as a reader does, and return what it then holds."""
    for name, value in settings.items():
        field = page.locator(f"form.calculator [name={name}]")
        if isinstance(value, bool):
            field.set_checked(value)
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(str(value))
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelector("form.calculator").elements]
            .filter(field => field.matches("input, select"))
            .map(field => [field.name, field.type === "checkbox" ? field.checked
                : field.type === "number" ? field.valueAsNumber : field.value]))"""
    )


def results(page):
    texts = page.locator("form.calculator output").evaluate_all(
        "all => all.map(output => [output.name, output.dataset.value])"
    )
    return {name: json.loads(text) if text else None for name, text in texts}


def expected(form):
    keys = ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "head_dim", "hidden_dim")
    weights = matrix_weights(**{key: form[key] for key in keys}, gated=form["gated"])
    total = parameters(
        weights=weights,
        vocab_size=form["vocab_size"],
        dim=form["dim"],
        tied=form["tied"],
        vectors=form["rest"],
    )
    n_windows = form["n_window_layers"]
    windows = [form["window"]] * n_windows + [None] * (form["n_layers"] - n_windows)
    attended = attended_tokens(form["context"], windows)
    numbers = key_value_numbers(n_kv_heads=form["n_kv_heads"], head_dim=form["head_dim"])
    cache = form["batch_size"] * cache_bytes(
        numbers=numbers, attended=attended, dtype=form["cache_dtype"]
    )
    forward = forward_flops(
        weights=weights, n_heads=form["n_heads"], head_dim=form["head_dim"], attended=attended
    )
    intensity = arithmetic_intensity(
        form["batch_size"] * forward, n_bytes(weights, form["weight_dtype"]) + cache
    )
    peak = form["peak"] * 1e12
    rate = attainable_rate(intensity, peak=peak, bandwidth=form["bandwidth"] * 1e9)
    return {
        "parameters": total,
        "weight_bytes": n_bytes(total, form["weight_dtype"]),
        "cache_bytes": cache,
        "forward_flops": forward,
        "training_flops": training_flops(forward),
        "intensity": intensity,
        "decoding_limit": rate / forward,
        "prompt_seconds": form["batch_size"] * form["context"] * forward / peak,
    }


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_calculator_equals_the_python_functions(page, settings):
    form = choose(page, settings)
    assert {name: form[name] for name in settings if name != "model"} == {
        name: value for name, value in settings.items() if name != "model"
    }
    assert results(page) == pytest.approx(expected(form), rel=1e-12)


def test_a_preset_has_the_published_number_of_parameters(page):
    published = {
        "GPT-2 124M": 124_439_808,
        "Llama-2-7B": 6_738_415_616,
        "Llama-3-8B": 8_030_261_248,
        "Qwen3-0.6B": 596_049_920,
        "Gemma-3-270M": 268_098_176,
    }
    for name, count in published.items():
        choose(page, {"model": name})
        assert results(page)["parameters"] == count
        assert page.locator("form.calculator output[name=parameters]").inner_text() == f"{count:,}"


def test_another_size_turns_the_preset_into_the_readers_own(page):
    assert choose(page, LLAMA | {"context": 64})["model"] == "Llama-3-8B"
    form = choose(page, {"n_kv_heads": 32})
    assert form["model"] == ""
    assert form["n_heads"] == 32


@pytest.mark.parametrize(
    "settings", [{"dim": 0}, {"n_layers": ""}, {"n_window_layers": 13}], ids=str
)
def test_impossible_numbers_show_no_result(page, settings):
    choose(page, GPT2 | settings)
    assert set(results(page).values()) == {None}
    texts = page.locator("form.calculator output").all_inner_texts()
    assert set(texts) == {"–"}


def test_it_is_worked_by_keyboard(page):
    page.locator("form.calculator [name=model]").focus()
    before = results(page)
    page.keyboard.press("ArrowDown")
    assert results(page)["parameters"] != before["parameters"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "vocab_size"
    page.keyboard.press("ArrowUp")
    assert page.locator("form.calculator [name=model]").input_value() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_every_field_has_a_label(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    for field in page.locator("form.calculator :is(input, select)").all():
        box = field.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert field.evaluate("field => field.labels[0].textContent.trim().length") > 1
