import { shard } from './shard.ts'

shard(4, 2400, 25)
