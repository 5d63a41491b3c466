# SPDX-License-Identifier: Apache-2.0
"""The story as a user sees it: upload a PDF, find an exam."""

import concurrent.futures
import io
import json
import os
import signal
import subprocess
import uuid

import pytest
from conftest import SAMPLES, Platform, wait_until
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

FACTS = [
    "The mitochondrion is the organelle that releases energy from sugar by respiration.",
    "The ribosome is a small particle that builds proteins from amino acids.",
    "The nucleus is the part of a cell that holds its genetic information.",
    "The chloroplast is the organelle in which photosynthesis takes place.",
    "Robert Hooke described cells in 1665 after he had looked at slices of cork.",
    "Matthias Schleiden wrote in 1838 that all plants are made of cells.",
    "Theodor Schwann extended the idea to animals in 1839.",
    "Rudolf Virchow stated in 1855 that every cell comes from another cell.",
    "A vacuole is a space filled with sap that keeps a plant cell firm.",
    "The membrane is a thin layer that controls which substances enter the cell.",
    "Osmosis is the movement of water through a membrane towards the stronger solution.",
    "An enzyme is a protein that speeds up a chemical reaction in the cell.",
]


def pdf(title, facts=FACTS):
    """A PDF of one page with text."""
    stream = io.BytesIO()
    page = canvas.Canvas(stream, pagesize=A4, invariant=1)
    page.setTitle(title)
    text = page.beginText(60, 780)
    text.textLine(title)
    for fact in facts:
        text.textLine("")
        for start in range(0, len(fact), 1000):
            text.textLine(fact[start : start + 1000])
    page.drawText(text)
    page.showPage()
    page.save()
    return stream.getvalue()


def check_exam(body):
    questions = json.loads(body)
    assert questions
    for question in questions:
        assert set(question) == {"question", "options", "correct_answer"}
        assert question["correct_answer"] in question["options"]
        assert len(set(question["options"])) == len(question["options"]) >= 2
    return questions


def result_of(platform, key):
    stem = key[: -len(".pdf")]
    return wait_until(
        lambda: platform.object(f"question_bank/{stem}.json"), f"the exam of {key}"
    )


@pytest.mark.parametrize(
    "key",
    [
        "plain.pdf",
        "maths/term 1/week+2.pdf",
        "100%.pdf",
        "a%20b.pdf",
        "été/naïve.pdf",
        "emoji-😀.pdf",
        "UPPER.PDF",
        "long/" + "n" * 891 + ".pdf",
    ],
    ids=lambda key: key[:24],
)
def test_every_key_gets_its_exam(platform, key):
    platform.s3().put_object(Bucket="exams", Key=key, Body=pdf(f"Cells {uuid.uuid4()}"))
    check_exam(result_of(platform, key))


def test_the_samples_make_good_exams(platform):
    for sample in SAMPLES:
        platform.s3().upload_file(str(sample), "exams", f"samples/{sample.name}")
        questions = check_exam(result_of(platform, f"samples/{sample.name}"))
        assert len(questions) >= 5
        assert all("_____" in question["question"] for question in questions)


def test_curl_uploads_as_the_readme_says(platform, tmp_path):
    file = tmp_path / "file.pdf"
    file.write_bytes(pdf("By curl"))
    done = subprocess.run(
        [
            "curl", "-sS", "--fail-with-body", "-T", str(file), "--user", "minio:minio123",
            "--aws-sigv4", "aws:amz:us-east-1:s3", f"{platform.s3_url}/exams/my.pdf",
        ],
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    check_exam(result_of(platform, "my.pdf"))


@pytest.mark.parametrize(
    "name, body",
    [
        ("empty", b""),
        ("garbage", os.urandom(3000)),
        ("truncated", SAMPLES[0].read_bytes()[:2000] if SAMPLES else b"%PDF-1.4"),
        ("poor", pdf("Nothing", ["Short."])),
    ],
)
def test_a_pdf_that_is_no_use_gets_an_explanation(platform, name, body):
    platform.s3().put_object(Bucket="exams", Key=f"bad/{name}.pdf", Body=body)
    answer = json.loads(
        wait_until(
            lambda: platform.object(f"question_bank/bad/{name}.error.json"), f"the error of {name}"
        )
    )
    assert len(answer["error"]["message"]) > 20
    assert answer["error"]["code"]


def test_of_two_uploads_the_last_one_counts(platform):
    client = platform.s3()
    other = [fact.replace("cell", "unit").replace("19", "20") for fact in FACTS]
    client.put_object(Bucket="exams", Key="twice.pdf", Body=pdf("First"))
    last = client.put_object(Bucket="exams", Key="twice.pdf", Body=pdf("Second", other))

    def is_of_last():
        try:
            head = client.head_object(Bucket="exams", Key="question_bank/twice.json")
        except client.exceptions.ClientError:
            return False
        return last["ETag"].strip('"') in head["Metadata"].values()

    wait_until(is_of_last, "the exam of the second upload")


def test_a_large_object_passes_and_is_explained(platform):
    body = b"%PDF-1.4\n" + os.urandom(1024) * (50 * 1024)
    platform.s3().put_object(Bucket="exams", Key="large.pdf", Body=body)
    wait_until(
        lambda: platform.object("question_bank/large.error.json"), "the error of 50 MB of noise"
    )
    assert platform.s3().head_object(Bucket="exams", Key="large.pdf")["ContentLength"] == len(body)


def test_two_hundred_uploads_give_two_hundred_exams_and_leave_nothing(platform):
    keys = [f"many/{number}.pdf" for number in range(200)]
    client = platform.s3()
    body = pdf("Many")

    def upload(key):
        client.put_object(Bucket="exams", Key=key, Body=body)

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(upload, keys))

    def exams():
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket="exams", Prefix="question_bank/many/"
        )
        return sum(page["KeyCount"] for page in pages) == 200

    wait_until(exams, "200 exams", deadline=120)
    wait_until(lambda: not platform.functions(), "no process is left")


def test_the_function_goes_back_to_zero(platform):
    platform.s3().put_object(Bucket="exams", Key="zero.pdf", Body=pdf("Zero"))
    result_of(platform, "zero.pdf")
    wait_until(lambda: not platform.functions(), "no process is left")


def test_a_killed_function_loses_nothing(platform):
    client = platform.s3()
    for number in range(20):
        client.put_object(Bucket="exams", Key=f"killed/{number}.pdf", Body=pdf(f"K {number}"))
        for pid in platform.functions():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    for number in range(20):
        check_exam(result_of(platform, f"killed/{number}.pdf"))


def test_the_bucket_is_kept_over_a_restart(tmp_path):
    first = Platform(tmp_path)
    first.s3().put_object(Bucket="exams", Key="notes.txt", Body=b"kept")
    assert first.stop() == 0
    second = Platform(tmp_path)
    assert second.object("notes.txt") == b"kept"
    assert second.stop(signal.SIGTERM) == 0
