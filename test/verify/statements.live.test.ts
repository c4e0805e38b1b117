// The statements about the API on the load balancer of the environment: of a real account with LIVE=1, else of a simulator.
import { apiStatements } from '../support/api-statements.ts'
import { openGround } from './live.ts'

apiStatements('the API', () => openGround())
