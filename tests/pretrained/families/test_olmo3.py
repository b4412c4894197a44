from llm_book.models.olmo3 import OLMO_3_7B
from llm_book.pretrained.families.olmo3 import Olmo3Family


def test_a_file_without_a_list_of_layers_means_every_fourth():
    fields = Olmo3Family.write(OLMO_3_7B)
    del fields["layer_types"]
    assert Olmo3Family.read(fields) == OLMO_3_7B
