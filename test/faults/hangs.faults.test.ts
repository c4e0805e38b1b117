// Calls that are never answered, and a process that ends in the middle.
import { testEveryCall } from './matrix.ts'

testEveryCall('hangs')
testEveryCall('is done, and the answer hangs')
testEveryCall('is the last one')
