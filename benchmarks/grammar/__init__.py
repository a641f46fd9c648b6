"""Random nets as people write them: the data that the wiring's weights are fitted on.

Facts and wirings only, no weights and no Keras: a net is a list of layers with tensor shapes, put into Keras' list
order.
"""
