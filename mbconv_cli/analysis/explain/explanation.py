"""What is this, what does it cost here, and why? Of a topic, a network, or a block of one."""

from __future__ import annotations

from mbconv_cli.analysis.compare.block_family import BlockQuestion
from mbconv_cli.analysis.compare.blocks import compare_blocks
from mbconv_cli.analysis.explain.block_drawing import draw_block
from mbconv_cli.analysis.explain.block_explanation import block_prose, parts_section
from mbconv_cli.analysis.explain.block_steps import block_ops
from mbconv_cli.analysis.explain.network_explanation import costliest_block, network_prose, roles_section
from mbconv_cli.analysis.explain.topics import TOPICS, Topic, topic_called
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.plan.ops import Block
from mbconv_cli.report.model import Report, Section
from mbconv_cli.spec.catalogue import Catalogue

KIND = "explanation"
BETWEEN = "#"
"""What stands between a network and its block: no name or path of either has it."""
FAMILY_QUESTION = BlockQuestion(40, 40, (28, 28), kernel_size=5)


def explain(subject: str, catalogue: Catalogue) -> Report:
    """The explanation of a topic's name, a network, or `NETWORK#BLOCK`.

    Raises:
        InputError: it is none of them.
    """
    if topic := topic_called(subject):
        return _topic_explained(topic)
    reference, between, block = subject.partition(BETWEEN)
    try:
        network = open_network(reference, catalogue=catalogue)
    except InputError as error:
        if not error.sentences[0].startswith("no network is called"):
            raise
        topics = did_you_mean(subject, TOPICS) or f"; topics are {', '.join(TOPICS)}"
        networks = "`mbconv list` has networks"
        raise InputError(f"no topic and no network is called {subject!r}{topics}, and {networks}") from error
    return block_explained(network, _block(network, block)) if between else network_explained(network)


def network_explained(network: OpenNetwork) -> Report:
    """Where a whole network's costs are and why, with its costliest block drawn."""
    block = costliest_block(network.plan)
    drawing = draw_block(block_ops(network.plan, block.name), block.input_shape)
    prose = (
        *network_prose(network),
        f"Its costliest block in MACs, {block.name} ({block.operator}):",
        drawing,
        f"`mbconv explain '{network.plan.name}{BETWEEN}{block.name}'` explains it part by part.",
    )
    return _report(network, {"roles": roles_section(network)}, prose)


def block_explained(network: OpenNetwork, block: Block, before: tuple[str, ...] = ()) -> Report:
    """One block drawn, with what each of its parts costs."""
    ops = block_ops(network.plan, block.name)
    what, *reasons = block_prose(network.plan, block)
    prose = (*before, what, draw_block(ops, block.input_shape), *reasons)
    return _report(network, {"parts": parts_section(ops)}, prose)


def _topic_explained(topic: Topic) -> Report:
    reference, _, name = topic.example.partition(BETWEEN)
    network = open_network(reference, catalogue=Catalogue())
    report = block_explained(network, _block(network, name), (topic.title, *topic.paragraphs))
    if not topic.family:
        return report
    compared = compare_blocks(FAMILY_QUESTION).sections["blocks"]
    return _report(network, {"blocks": compared, **report.sections}, report.prose)


def _block(network: OpenNetwork, name: str) -> Block:
    """The block of a name, or the first of a stage.

    Raises:
        InputError: the network has none of this name; names the nearest.
    """
    blocks = network.plan.blocks
    found = next((block for block in blocks if name in {block.name, block.stage}), None)
    if found is None:
        names = [block.name for block in blocks]
        hint = did_you_mean(name, names) or f"; it has {', '.join(names[:6])}, and so on"
        raise InputError(f"{network.plan.name} has no block {name!r}{hint}")
    return found


def _report(network: OpenNetwork, sections: dict[str, Section], prose: tuple[str, ...]) -> Report:
    return Report(KIND, provenance(network), network.subject(), {}, sections, prose=prose)
