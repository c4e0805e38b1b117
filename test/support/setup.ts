import nock from 'nock'

// While nock is on no test reaches the outside; local servers and sockets stay reachable. A file that needs sockets as they are switches it
// off, also for those that its worker runs after it.
nock.disableNetConnect()
nock.enableNetConnect(/^(127\.|localhost|\[::1\]|10\.77\.)/)
