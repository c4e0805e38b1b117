import nock from 'nock'

// No test may reach the outside; local servers and sockets stay reachable.
nock.disableNetConnect()
nock.enableNetConnect(/^(127\.|localhost|\[::1\]|10\.77\.)/)
